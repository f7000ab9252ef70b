// Promises 8 and 11: a store that fails on every call, and then recovers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MODES, Visitor, call, failure, next, within } from "./lib/client.mjs";
import { open, pollFor, post, upgrade } from "./lib/engine.mjs";
import { noted, read, store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

async function start(t) {
  const { url } = await startTestServer(t);
  const visitor = await Visitor.withSession(url, t);
  return { url, visitor };
}

for (const mode of MODES) {
  test(`11: an event gets \`store_unavailable\`, the socket stays, and goes on afterwards (${mode})`, async (t) => {
    const { url, visitor } = await start(t);
    const socket = await visitor.connect({ mode });
    assert.equal(await call(socket, "incr"), 1);

    await store(url, "down=true");
    for (const event of ["incr", "read", "guarded"]) {
      const error = await failure(socket, event);
      assert.equal(error.code, "store_unavailable", event);
      assert.doesNotMatch(error.message, /internal|6379|refused/, "no address leaks");
    }
    assert.equal(await call(socket, "echo", 1), 1, "a handler without a view needs no store");
    assert.ok(socket.connected);

    await store(url, "down=false");
    assert.equal(await call(socket, "incr"), 2);
    assert.equal((await read(visitor)).count, 2);
  });
}

test("11: the socket of a guarded namespace stays as well", async (t) => {
  const { url, visitor } = await start(t);
  await visitor.post("/login");
  const socket = await visitor.connect({ namespace: "/members" });
  await store(url, "down=true");
  assert.equal((await failure(socket, "incr")).code, "store_unavailable");
  await store(url, "down=false");
  assert.equal(await call(socket, "incr"), 1);
});

test("11: HTTP gets 503 with Retry-After and no details", async (t) => {
  const { url, visitor } = await start(t);
  await store(url, "down=true");
  for (const response of [await visitor.post("/incr"), await visitor.request("/read"), await visitor.post("/logout")]) {
    assert.equal(response.status, 503);
    assert.match(response.headers["retry-after"] ?? "", /^\d+$/);
    assert.doesNotMatch(response.text, /internal|6379/);
  }
  await store(url, "down=false");
  assert.equal((await visitor.post("/incr")).text, "1", "the session is still there, and so is its cookie");
});

test("11: a handshake with a session gets HTTP 503", async (t) => {
  const { url, visitor } = await start(t);
  await store(url, "down=true");
  const headers = { cookie: visitor.cookie };
  assert.equal((await open(url, headers)).status, 503);
  assert.equal((await upgrade(url, { headers })).status, 503);
  await store(url, "down=false");
  assert.equal((await open(url, headers)).status, 200);
});

test("11: a namespace connect closes the transport, without an answer", async (t) => {
  const { url, visitor } = await start(t);
  const headers = { cookie: visitor.cookie };
  const { sid } = await open(url, headers);
  await store(url, "down=true");
  await post(url, sid, "40/members,", headers);
  const answer = await pollFor(url, sid, /44/, headers);
  assert.ok(answer.ended, answer.text);
  assert.doesNotMatch(answer.text, /44/, "a store that is down is no `unauthorized`");
});

for (const mode of MODES) {
  test(`11: clients come back by themselves when the store does (${mode})`, async (t) => {
    const { url, visitor } = await start(t);
    await visitor.post("/login");
    const socket = visitor.socket({
      mode,
      namespace: "/members",
      reconnection: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
    });
    await store(url, "down=true");
    const failed = Promise.race([next(socket, "connect_error"), next(socket.io, "close")]);
    socket.connect();
    await failed;
    assert.equal(socket.connected, false);
    const connected = within(new Promise((resolve) => socket.once("connect", resolve)), "the reconnection");
    await store(url, "down=false");
    await connected;
    assert.equal(await call(socket, "incr"), 1);
  });
}

test("6: a handler that ran while the store was lost saves nothing, and says so", async (t) => {
  const { url, visitor } = await start(t);
  const socket = await visitor.connect();
  const running = failure(socket, "slow", 400);
  await noted(url, `slow ${socket.id}`);
  await store(url, "down=true");
  assert.equal((await running).code, "store_unavailable");
  await store(url, "down=false");
  assert.equal(await call(socket, "incr"), 1);
});
