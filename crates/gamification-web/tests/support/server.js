// Serves the package's own files, pages that tests write, and a service's answers, on a port of its own.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TYPES = /** @type {Record<string, string>} */ ({ ".js": "text/javascript", ".html": "text/html; charset=utf-8" });

/** What a careful platform says. */
export const STRICT =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; require-trusted-types-for 'script'";

/** @typedef {{ body: string, type?: string, headers?: Record<string, string> }} Page */
/** @typedef {{ method: string, url: URL, headers: import("node:http").IncomingHttpHeaders, body: unknown }} Asked */
/** @typedef {{ status: number, headers?: Record<string, string>, body: unknown }} Answer */

/**
 * @param {Map<string, Page>} pages by path
 * @param {(asked: Asked) => Promise<Answer>} answer for what is below /api/
 */
export async function serve(pages, answer) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    if (url.pathname.startsWith("/api/")) {
      const chunks = await request.toArray();
      const sent = Buffer.concat(chunks).toString();
      const asked = {
        method: request.method ?? "GET",
        url,
        headers: request.headers,
        body: sent ? JSON.parse(sent) : null,
      };
      const { status, headers, body } = await answer(asked);
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
      return;
    }
    const page = pages.get(url.pathname) ?? file(url.pathname);
    if (page) response.writeHead(200, { "content-type": page.type ?? TYPES[".html"], ...page.headers }).end(page.body);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close() {
      server.close();
      server.closeAllConnections(); // some tests wait for what never comes
    },
  };
}

/** @param {string} path @returns {Page | null} */
function file(path) {
  const type = TYPES[extname(path)];
  if (!type || !normalize(path).startsWith("/src/")) return null;
  try {
    return { type, body: readFileSync(join(ROOT, normalize(path)), "utf8") };
  } catch {
    return null;
  }
}
