// Two guides on one Redis, as socket.io-client sees them. What dies meanwhile is in examples/guide/tests/nodes.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { MODES, Visitor, call, errorCode, next, whenConnected } from "./lib/client.mjs";
import { freePort, startRedis } from "./lib/redis.mjs";
import { binary, startServer } from "./lib/server.mjs";

const bin = binary("GUIDE_BIN");
const redis = await startRedis({ after });
const args = ["--store", redis.url];
const [one, two] = [await startServer({ bin, args, t: { after } }), await startServer({ bin, args, t: { after } })];
const EAGER = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };

/** The same browser, on the other node: its cookies are those of now. */
function elsewhere(visitor, t) {
  const other = new Visitor(two.url, t);
  other.set("sid", visitor.get("sid"));
  return other;
}

async function loggedIn(t) {
  const visitor = new Visitor(one.url, t);
  assert.equal((await visitor.post("/login")).status, 204);
  return visitor;
}

for (const mode of MODES) {
  test(`one session on two nodes counts exactly (${mode})`, async (t) => {
    const here = await loggedIn(t);
    const there = elsewhere(here, t);
    const sockets = [await here.connect({ mode }), await there.connect({ mode })];
    const counts = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        index % 10 === 0 ? here.post("/incr").then((response) => response.json()) : call(sockets[index % 2], "my event"),
      ),
    );
    assert.deepEqual(counts.toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index + 1));
    for (const visitor of [here, there]) {
      assert.deepEqual((await visitor.request("/session")).json(), { authenticated: true, count: 100 });
    }
  });

  test(`a logout on one node disconnects the sockets on the other, for good (${mode})`, async (t) => {
    const here = await loggedIn(t);
    const socket = await elsewhere(here, t).connect({ mode, ...EAGER });
    const gone = next(socket, "disconnect");
    assert.equal((await here.post("/logout")).status, 204);
    assert.equal((await gone)[0], "io server disconnect");
    assert.equal(socket.active, false);
  });

  test(`after a login on one node a socket comes back to the other with its new cookie (${mode})`, async (t) => {
    const here = await loggedIn(t);
    const there = elsewhere(here, t);
    const socket = await there.connect({ mode, ...EAGER });
    assert.equal(await call(socket, "my event"), 1);
    const gone = next(socket, "disconnect");
    const back = whenConnected(socket);
    assert.equal((await here.post("/login")).status, 204);
    there.set("sid", here.get("sid"));
    assert.match((await gone)[0], /^transport (close|error)$/);
    await back;
    assert.equal(await call(socket, "my event"), 2);
  });
}

test("a session outlives the node that made it", async (t) => {
  const node = await startServer({ bin, args, t });
  const visitor = new Visitor(node.url, t);
  await visitor.post("/incr");
  await node.stop();
  assert.deepEqual((await elsewhere(visitor, t).request("/session")).json(), { authenticated: false, count: 1 });
});

test("an Err saves nothing", async (t) => {
  const visitor = await loggedIn(t);
  const socket = await visitor.connect();
  assert.equal(await call(socket, "add", 4_294_967_295), 4_294_967_295);
  assert.equal(await errorCode(socket, "my event"), "handler");
  assert.equal((await visitor.request("/session")).json().count, 4_294_967_295);
});

describe("what is wrong with `--store` is said in one line", () => {
  for (const [what, url, words] of [
    ["nobody there", async () => `redis://127.0.0.1:${await freePort()}/`, /cannot reach Redis at 127\.0\.0\.1:\d+: .*refused/],
    ["no host", async () => "redis:", /no Redis URL/],
    // Redis has no password, so any is wrong; it must not be repeated.
    ["a wrong password", async () => `redis://:swordfish@127.0.0.1:${redis.port}/`, /password/],
  ]) {
    test(what, async () => {
      const options = { encoding: "utf8", timeout: 20_000 };
      const { status, stdout, stderr } = spawnSync(bin, ["--listen", "127.0.0.1:0", "--store", await url()], options);
      assert.equal(status, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^error: .*\n$/);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /swordfish/);
    });
  }
});
