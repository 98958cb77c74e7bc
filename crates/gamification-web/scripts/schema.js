// Writes src/client/schema.d.ts from the document of the server; with --check, says whether it is what it would write.
//
// The server is the program that GAMIFICATION_SERVER names, or the one that cargo built in this repository.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const schema = fileURLToPath(new URL("../src/client/schema.d.ts", import.meta.url));
const built = ["release", "debug"].map((profile) =>
  fileURLToPath(new URL(`../../../target/${profile}/gamification-server`, import.meta.url)),
);
const server = process.env.GAMIFICATION_SERVER ?? built.find((path) => existsSync(path));
if (!server) throw new Error("build the server first (cargo build), or name it in GAMIFICATION_SERVER");

const document = execFileSync(server, ["openapi"], { encoding: "utf8", maxBuffer: 1 << 26 });
const types = astToString(await openapiTS(document, { immutable: true }));
const text = `// Generated from the server's OpenAPI document by \`npm run schema\`: change the server, not this file.\n\n${types}`;

if (!process.argv.includes("--check")) {
  writeFileSync(schema, text);
} else if (readFileSync(schema, "utf8") !== text) {
  console.error(
    "src/client/schema.d.ts is not of this server: run `npm run schema`, and see what `npm run check` says",
  );
  process.exitCode = 1;
}
