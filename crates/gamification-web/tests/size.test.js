import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const SOURCE = new URL("../src/", import.meta.url);

/** What a module imports, at once and later. @param {string} source */
const imports = (source) => {
  const code = source.replace(/\/\*\*[\s\S]*?\*\//g, ""); // types are imported in comments
  const names = (/** @type {RegExp} */ of) => [...code.matchAll(of)].map(([, name]) => String(name));
  return {
    now: names(/^(?:import|export)\s(?:[^;]*?\sfrom\s)?"([^"]+)";/gm),
    later: names(/\bimport\("([^"]+)"\)/g),
  };
};
const text = (/** @type {URL} */ url) => readFileSync(url, "utf8");
const weight = (/** @type {Iterable<string>} */ urls) =>
  [...urls].reduce((sum, url) => sum + gzipSync(text(new URL(url))).length, 0);

/** A module and all that it imports at once. @param {URL} url @param {Set<string>} found */
const loaded = (url, found = new Set()) => {
  if (found.has(url.href)) return found;
  found.add(url.href);
  for (const name of imports(text(url)).now) loaded(new URL(name, url), found);
  return found;
};

/**
 * All that index.js loads, the form of the editor included, as npm has it: each module gzipped by itself, with its comments.
 * What the service serves is less; `tests/serving.rs` weighs that.
 */
const BUDGET = 37 * 1024;

test("the kit stays small, and the form of the editor is no part of a member's page", () => {
  const page = loaded(new URL("index.js", SOURCE));
  const form = [...loaded(new URL("elements/level-editor-form.js", SOURCE))].filter((url) => !page.has(url));
  console.log(
    `# gzipped, each module by itself: ${weight(page)} bytes for all, ${weight(form)} more for admins who edit levels`,
  );
  const all = weight([...page, ...form]);
  assert.ok(all <= BUDGET, `${all} bytes of ${BUDGET}`);
  assert.ok(![...page].some((url) => /editor-(form|row)|react|locales\/(?!en)/.test(url)));
});

test("every module is there, and only the components for React need a package", () => {
  const modules = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"));
  for (const path of modules) {
    const url = new URL(path, SOURCE);
    const { now, later } = imports(text(url));
    const bare = [...now, ...later].filter((name) => !name.startsWith("."));
    assert.deepEqual(bare, path === "react/index.js" ? ["react"] : [], path);
    for (const name of [...now, ...later].filter((one) => one.startsWith("."))) text(new URL(name, url));
  }
});

test("on a server, where there are no elements, everything loads", async () => {
  const { LevelBadge, createClient } = await import("../src/index.js");
  assert.equal(typeof LevelBadge, "function");
  assert.equal(typeof createClient, "function");
});
