// A platform's web server: some files, pictures of its members, and the address where its pages get their token.

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = /** @type {Record<string, string>} */ ({
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
});
export const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" viewBox="0 0 40 40"><rect width="40" height="40" fill="#f97316"/></svg>`;

/** @typedef {{ origin: string, folder: string, files: Record<string, string>, headers: Record<string, string>, token: string,
 *   tokensAsked: number, close: () => void }} Site files: by path, before those of the folder */

/** @returns {Promise<Site>} */
export async function openSite() {
  /** @type {Site} */
  const site = { origin: "", folder: "", files: {}, headers: {}, token: "", tokensAsked: 0, close: () => {} };
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://site").pathname).replace(/\/$/, "/index.html");
    /** @param {string} type @param {string | Buffer} body */
    const give = (type, body) => response.writeHead(200, { "content-type": type, ...site.headers }).end(body);
    if (path === "/levels-token") {
      site.tokensAsked += 1;
      return give("text/plain", site.token);
    }
    if (path.endsWith(".jpg")) return give("image/svg+xml", PICTURE);
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    const own = site.files[path];
    if (own !== undefined) return give(type, own);
    const file = join(site.folder, path);
    if (site.folder && existsSync(file) && statSync(file).isFile()) return give(type, readFileSync(file));
    response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  site.origin = `http://127.0.0.1:${port}`;
  site.close = () => {
    server.close();
    server.closeAllConnections();
  };
  return site;
}
