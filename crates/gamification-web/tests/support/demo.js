// The real program, with a database of its own that its demo has filled, for scripts that need all of it.
//
// It is the one that GAMIFICATION_SERVER names, or the one that cargo built in this repository.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** @import { Readable } from "node:stream" */

const PATIENCE = 60_000;

/**
 * @param {(() => unknown)[]} closing gets what ends it
 * @param {string[]} origins whose pages may call it
 */
export async function startDemo(closing, ...origins) {
  const program = find();
  const data = mkdtempSync(join(tmpdir(), "levels-"));
  chmodSync(data, 0o755); // PostgreSQL refuses to be root, and its other user has to enter
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    GAMIFICATION_PG_BIN: process.env.GAMIFICATION_PG_BIN,
    GAMIFICATION_DATA_DIR: data,
    GAMIFICATION_CORS_ORIGINS: origins.join() || undefined,
  };
  const env = (/** @type {string} */ listen) => ({ ...environment, GAMIFICATION_LISTEN: listen });
  const server = spawn(program, ["serve"], { env: env("127.0.0.1:0"), stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(server, "exit").catch(() => {}); // that it does not start is told below
  closing.push(async () => {
    server.kill("SIGTERM");
    const late = globalThis.setTimeout(() => server.kill("SIGKILL"), 20_000);
    await exit;
    clearTimeout(late);
    rmSync(data, { recursive: true, force: true });
  });
  const origin = await listening(server);
  const { stdout } = await promisify(execFile)(program, ["demo"], {
    env: env(new URL(origin).host),
    timeout: PATIENCE,
  });
  const [link = ""] = stdout.match(/^http.*\/console\/#.*$/m) ?? [];
  const said = Object.fromEntries(new URLSearchParams(new URL(link).hash.slice(1)));
  const { community = "", admin = "", member = "", platform = "" } = said;
  /** Asks the API. @param {string} path below the community's, or from `/api/` on @param {string} token @param {RequestInit} [init] */
  const ask = async (path, token, init = {}) => {
    const below = path.startsWith("/api/") ? path : `/api/communities/${community}${path}`;
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const answer = await fetch(origin + below, { ...init, headers, signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`${below} is answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const filled = Date.now();
  /** Leaderboards follow what happens, and say until when they are complete. */
  const boardsAreThere = async () => {
    for (const deadline = Date.now() + PATIENCE; ; await setTimeout(100)) {
      const { last_updated } = await ask("/leaderboards", admin);
      if (Date.parse(last_updated) >= filled) return;
      if (Date.now() > deadline) throw new Error(`leaderboards are complete until ${last_updated} only`);
    }
  };
  return { origin, link, community, admin, member, platform, ask, boardsAreThere };
}

function find() {
  const built = ["release", "debug"].map((profile) =>
    fileURLToPath(new URL(`../../../../target/${profile}/gamification-server`, import.meta.url)),
  );
  const program = process.env.GAMIFICATION_SERVER ?? built.find((path) => existsSync(path));
  if (program && existsSync(program)) return program;
  throw new Error(`no program at ${program ?? built.join(" or ")}: build it, or name one in GAMIFICATION_SERVER`);
}

/** Reads what it says until it says where it is. @param {import("node:child_process").ChildProcessByStdio<null, Readable, Readable>} server */
function listening(server) {
  /** @type {string[]} */
  const log = [];
  return new Promise((/** @type {(origin: string) => void} */ resolve, reject) => {
    const fail = (/** @type {string} */ what) => {
      clearTimeout(late);
      reject(new Error(`the server ${what}:\n${log.slice(-20).join("\n")}`));
    };
    const late = globalThis.setTimeout(() => fail("is not ready in time"), PATIENCE);
    server.once("exit", (status) => fail(`ended with ${status}`));
    server.once("error", ({ message }) => fail(`does not start, ${message}`));
    createInterface(server.stderr).on("line", (line) => log.push(line));
    createInterface(server.stdout).on("line", (line) => {
      const [, origin] = line.match(/listening on (http:\/\/[^"\s]+)/) ?? [];
      if (!origin) return;
      clearTimeout(late);
      resolve(origin);
    });
  });
}
