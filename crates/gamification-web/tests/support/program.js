// The real program with its demo community, in a data folder of its own that goes when it is stopped.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

// At once: tests whose preparation fails leave what they began behind them.
const program = process.env.GAMIFICATION_SERVER ?? "";
assert.ok(
  program && existsSync(program),
  "name the program in GAMIFICATION_SERVER: target/release/gamification-server",
);

/** Starts what GAMIFICATION_SERVER names. */
export async function startProgram() {
  const folder = mkdtempSync(join(tmpdir(), "gamification-console-"));
  chmodSync(folder, 0o755); // run by root, PostgreSQL is another user
  const { DATABASE_URL: _, ...others } = process.env;
  const env = { ...others, GAMIFICATION_DATA_DIR: folder, GAMIFICATION_LISTEN: "127.0.0.1:0" };
  const { stdout } = await promisify(execFile)(program, ["demo"], { env });
  const printed = stdout.split("\n").find((line) => line.includes("/console/#"));
  assert.ok(printed, `demo prints no link:\n${stdout}`);

  const server = spawn(program, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => server.on("exit", resolve));
  const origin = await new Promise((resolve, reject) => {
    const lines = [server.stdout, server.stderr].map((input) => createInterface({ input }));
    for (const one of lines)
      one.on("line", (line) => {
        const [address] = /(?<=listening on )http:[^" ]+/.exec(line) ?? [];
        if (address) resolve(address);
      });
    ended.then((status) => reject(new Error(`the program ended with status ${status}`)));
  });
  const { hash } = new URL(printed.trim());
  const link = new URLSearchParams(hash.slice(1));
  return {
    origin: String(origin),
    /** As `demo` prints it, at the port that `serve` has. */
    link: `${origin}/console/${hash}`,
    community: String(link.get("community")),
    /** @param {string} name */
    token: (name) => String(link.get(name)),
    async stop() {
      server.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
