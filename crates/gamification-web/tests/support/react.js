// React for a browser without a bundler: its CommonJS files as one ES module.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const REACT_18 = new URL("../react-18/package.json", import.meta.url);
const REACT_19 = new URL("../../package.json", import.meta.url);

/**
 * Modules for an import map, by address.
 * @param {18 | 19} version
 */
export function react(version) {
  const require = createRequire(version === 18 ? REACT_18 : REACT_19);
  /** @type {Map<string, string>} */
  const modules = new Map();
  /** @param {string} path @param {NodeJS.Require} from */
  const collect = (path, from) => {
    const file = from.resolve(path);
    if (modules.has(file)) return file;
    modules.set(file, "");
    const inside = createRequire(file);
    const source = readFileSync(file, "utf8").replace(/require\((["'])([^"']+)\1\)/g, (_, __, name) => {
      // Each index chooses between two builds; the one for development is strict in StrictMode.
      if (name.includes("production")) return "{}";
      return `load(${JSON.stringify(collect(name, inside))})`;
    });
    modules.set(file, source);
    return file;
  };
  const files = { react: collect("react", require), "react-dom/client": collect("react-dom/client", require) };
  const bodies = [...modules].map(([file, source]) => `${JSON.stringify(file)}(module, exports) {\n${source}\n}`);
  const all = `
    const process = { env: { NODE_ENV: "development" } };
    const loaded = new Map();
    export const load = (file) => {
      if (!loaded.has(file)) {
        const module = { exports: {} };
        loaded.set(file, module);
        modules[file](module, module.exports);
      }
      return loaded.get(file).exports;
    };
    const modules = {${bodies.join(",")}};`;
  /** @param {string} file */
  const facade = (file) => `import { load } from "/react.all.js"; const all = load(${JSON.stringify(file)});
    ${Object.keys(require(file))
      .map((name) => `export const ${name} = all.${name};`)
      .join("\n")}`;
  return {
    files: {
      "/react.all.js": all,
      "/react.js": facade(files.react),
      "/react-dom.js": facade(files["react-dom/client"]),
    },
    head: '<script type="importmap">{"imports":{"react":"/react.js","react-dom/client":"/react-dom.js"}}</script>',
    policy: "script-src 'self' 'unsafe-inline'",
    server: require("react-dom/server"),
    createElement: require("react").createElement,
    version: require("react").version,
  };
}
