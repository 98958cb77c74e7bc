// How much a page loads: src/index.js and all that it imports, each module gzipped as it is served.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** @param {URL} url @param {Map<string, number>} found */
function weigh(url, found = new Map()) {
  if (found.has(url.href)) return found;
  const text = readFileSync(url, "utf8");
  found.set(url.href, gzipSync(text).length);
  for (const [, path] of text.matchAll(/^(?:import|export)\s(?:[^;]*?from )?"(\.[^"]+)"/gm))
    weigh(new URL(path, url), found);
  return found;
}

const root = new URL("../src/", import.meta.url);
const sizes = weigh(new URL("index.js", root));
for (const [url, size] of sizes)
  console.log(String(size).padStart(6), fileURLToPath(url).slice(fileURLToPath(root).length));
console.log(String([...sizes.values()].reduce((sum, size) => sum + size, 0)).padStart(6), "in all");
