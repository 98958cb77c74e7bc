// Serves the package's own files, and pages that tests write, on a port of its own.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TYPES = { ".js": "text/javascript", ".html": "text/html; charset=utf-8", ".css": "text/css" };

/** A page's head says how strict it is: what a careful platform would say. */
export const STRICT =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; require-trusted-types-for 'script'";

/**
 * @param {Map<string, { body: string, type?: string, headers?: Record<string, string> }>} pages by path
 */
export async function serve(pages) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const page = pages.get(pathname);
    if (page) {
      response.writeHead(200, { "content-type": page.type ?? TYPES[".html"], ...page.headers }).end(page.body);
      return;
    }
    const file = join(ROOT, normalize(pathname));
    const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(file))];
    if (!type || !pathname.startsWith("/src/") || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": type });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { origin: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
