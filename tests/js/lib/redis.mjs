// A redis-server of a test's own: on a free port of the loopback interface, keeping nothing on disk.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";

/** A port that nobody listens on at the moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts one, which ends with `t` (a test's context, or anything with `after`), and waits until it is ready. */
export async function startRedis(t) {
  const port = await freePort();
  const options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", tmpdir()];
  const child = spawn("redis-server", options.map(String), { stdio: ["ignore", "pipe", "inherit"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  t.after(async () => {
    process.off("exit", kill);
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      kill();
      await gone;
    }
  });
  await new Promise((resolve, reject) => {
    let log = "";
    child.once("error", (error) => reject(new Error(`redis-server did not start: ${error.message}`)));
    child.once("exit", () => reject(new Error(`redis-server ended at once\n${log}`)));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      log += text;
      if (log.includes("Ready to accept connections")) {
        resolve();
      }
    });
  });
  return { port, url: `redis://127.0.0.1:${port}/` };
}
