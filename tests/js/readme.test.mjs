// The program of the README does what it says. (That it is the one in README.md, tests/readme.rs checks.)

import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { MODES, Visitor, call, next, until } from "./lib/client.mjs";
import { binary } from "./lib/server.mjs";

// It is the program's own, and part of the text.
const PORT = 3000;
const url = `http://127.0.0.1:${PORT}`;

test("the program of the README", async (t) => {
  await portIsFree();
  const child = spawn(binary("README_BIN"), { stdio: "inherit" });
  t.after(() => child.kill("SIGKILL"));
  await until(async () => {
    assert.equal(child.exitCode, null, "the program has ended");
    return await new Visitor(url).post("/logout").then(() => true, () => false);
  }, `${url} answers`);

  for (const mode of MODES) {
    await t.test(mode, async (t) => {
      const visitor = new Visitor(url, t);
      assert.equal((await visitor.refused({ mode })).message, "unauthorized");
      assert.equal((await visitor.post("/login")).status, 204);

      const [one, two] = [await visitor.connect({ mode }), await visitor.connect({ mode })];
      assert.equal(await call(one, "my event"), 1);
      assert.equal(await call(two, "whoami"), true);

      const pushed = next(two, "current count");
      assert.equal(await call(one, "add", 4), 5);
      assert.deepEqual(await pushed, [5]);
      const refused = { error: { code: "handler", message: "the count is full" } };
      assert.deepEqual(await call(one, "add", 0xffff_ffff), refused);
      assert.equal((await call(one, "add", "four")).error.code, "invalid_payload");

      const both = Promise.all([next(one, "current count"), next(two, "current count")]);
      const { status, text } = await visitor.post("/incr");
      assert.deepEqual([status, text], [200, "6"]);
      assert.deepEqual(await both, [[6], [6]]);

      const ended = Promise.all([next(one, "disconnect"), next(two, "disconnect")]);
      assert.equal((await visitor.post("/logout")).status, 204);
      assert.deepEqual((await ended).map(([reason]) => reason), ["io server disconnect", "io server disconnect"]);
      assert.equal((await visitor.refused({ mode })).message, "unauthorized");
    });
  }
});

function portIsFree() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error) => reject(new Error(`the program of the README listens on port ${PORT}: free it (${error.code})`)));
    probe.listen(PORT, "127.0.0.1", () => probe.close(resolve));
  });
}
