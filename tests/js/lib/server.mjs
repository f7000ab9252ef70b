// Starts a server under test on a free port of the loopback interface and ends it by its own process id.

import { spawn } from "node:child_process";
import { once } from "node:events";

const READY = /listening on (http:\/\/127\.0\.0\.1:\d+)/;

/** The path that `cargo xtask test` put into `variable`, for example `TEST_SERVER_BIN`. */
export function binary(variable) {
  const path = process.env[variable];
  if (!path) {
    throw new Error(`${variable} is not set: run \`cargo xtask test\`, or name the binary yourself`);
  }
  return path;
}

/**
 * Spawns `bin` with `args` and a free port, and waits until it says `listening on http://127.0.0.1:PORT`.
 * Given `t` (a test's context, or anything with `after`), it is stopped when that ends.
 */
export async function startServer({ bin, args = [], env = {}, t, startTimeout = 20_000 }) {
  const listen = args.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const child = spawn(bin, [...args, ...listen], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A test process that dies early leaves nothing behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);

  let log = "";
  const url = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${bin} ${why}\n${log}`));
    const timer = setTimeout(() => {
      kill();
      fail(`did not listen within ${startTimeout} ms`);
    }, startTimeout);
    const read = (chunk) => {
      log += chunk;
      const ready = READY.exec(log);
      if (ready) {
        clearTimeout(timer);
        resolve(ready[1]);
      }
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    child.once("error", (error) => {
      clearTimeout(timer);
      fail(`did not start: ${error.message}`);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`ended before it listened (${signal ?? code})`);
    });
  });

  async function stop() {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const stubborn = setTimeout(kill, 5_000);
    await gone;
    clearTimeout(stubborn);
  }
  t?.after(stop);

  return {
    url,
    pid: child.pid,
    stop,
    /** Everything that the server has written so far, to either stream. */
    log: () => log,
    /** Whether the process is still there. */
    alive: () => child.exitCode === null && child.signalCode === null,
  };
}

/** The server of `tests/server`. */
export function startTestServer(t, args = [], env = {}) {
  return startServer({ bin: binary("TEST_SERVER_BIN"), args, env: { RUST_LOG: "info", ...env }, t });
}
