// `#[on_connect]`, `#[on_disconnect]`, `#[on_fallback]`.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, failure, next, until, whenConnected } from "./lib/client.mjs";
import { notes, read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

for (const mode of MODES) {
  test(`on_connect runs before the first event, however early that was sent (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = visitor.socket({ mode, namespace: "/hooks", auth: { wait: 200 } });
    const order = [];
    socket.on("welcome", (arrivals) => order.push(["welcome", arrivals]));
    const connected = whenConnected(socket);
    // Buffered by the client, and sent as soon as it is connected.
    const first = call(socket, "incr").then((count) => order.push(["incr", count]));
    socket.connect();
    await connected;
    await first;
    assert.deepEqual(order, [
      ["welcome", 1],
      ["incr", 1],
    ]);
  });

  test(`events sent right on connect are not lost (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    for (let round = 1; round <= 10; round++) {
      const socket = visitor.socket({ mode });
      const replies = Promise.all([call(socket, "incr"), call(socket, "incr"), call(socket, "incr")]);
      socket.connect();
      assert.deepEqual(await replies, [3 * round - 2, 3 * round - 1, 3 * round]);
      socket.close();
    }
  });
}

test("nor is what they have to be told", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  for (let round = 0; round < 150; round++) {
    const socket = visitor.socket();
    const told = next(socket, "session_error");
    // Without an acknowledgement; sent as soon as the client is connected, when the server hardly knows that it is.
    socket.emit("number", "x");
    socket.connect();
    assert.equal((await told)[0].error.code, "invalid_payload");
    socket.close();
  }
});

test("what on_connect writes is saved", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  for (const arrivals of [1, 2, 3]) {
    const socket = visitor.socket({ namespace: "/hooks", auth: {} });
    const welcome = next(socket, "welcome");
    socket.connect();
    assert.deepEqual(await welcome, [arrivals]);
    socket.close();
  }
  assert.equal(await (await visitor.request("/plain?key=arrivals")).text, "3");
});

test("an Err of on_connect saves nothing and is told", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = visitor.socket({ namespace: "/hooks", auth: { refuse: true } });
  const told = Promise.race([
    next(socket, "session_error").then(([{ error }]) => error.message),
    next(socket, "connect_error").then(([error]) => error.message),
  ]);
  socket.connect();
  assert.equal(await told, "not today");
  assert.equal((await visitor.request("/plain?key=arrivals")).text, "null");
});

test("a broken `auth` is told as `invalid_payload`", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = visitor.socket({ namespace: "/hooks", auth: { wait: "long" } });
  const told = Promise.race([
    next(socket, "session_error").then(([{ error }]) => error.code),
    next(socket, "connect_error").then(([error]) => error.message),
  ]);
  socket.connect();
  assert.match(await told, /invalid_payload|expected/);
  assert.equal((await visitor.request("/plain?key=arrivals")).text, "null");
});

test("on_fallback takes every event without a handler, in its turn", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect({ namespace: "/hooks", auth: {} });
  const replies = await Promise.all([
    call(socket, "incr"),
    call(socket, "who are you", { a: [1] }),
    call(socket, "incr"),
  ]);
  assert.deepEqual(replies, [1, { event: "who are you", data: { a: [1] }, count: 2 }, 3]);
});

const left = async () => (await notes(server.url)).filter((note) => note.startsWith("{")).map((note) => JSON.parse(note));

for (const mode of MODES) {
  test(`on_disconnect gets the last state known (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode, namespace: "/hooks", auth: {} });
    const count = 100 + MODES.indexOf(mode);
    await visitor.post(`/fields?count=${count - 1}&plain=false`);
    assert.equal(await call(socket, "incr"), count);
    socket.close();
    await until(async () => (await left()).some((note) => note.count === count), "the handler has run");
    assert.equal((await read(visitor)).count, count);
  });
}

test("on_disconnect of a destroyed session gets the last state that the node knew", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect({ namespace: "/hooks", auth: {} });
  await visitor.post("/fields?count=776&plain=false");
  assert.equal(await call(socket, "incr"), 777);
  await visitor.post("/logout");
  await until(async () => (await left()).some(({ count }) => count === 777), "the handler has run");
});

test("a namespace open to all greets those without a session as well", async (t) => {
  for (const [visitor, expected] of [
    [new Visitor(server.url, t), null],
    [await Visitor.withSession(server.url, t), 0],
  ]) {
    const socket = visitor.socket({ namespace: "/lobby" });
    const hello = next(socket, "hello");
    socket.connect();
    assert.deepEqual(await hello, [expected]);
  }
});

test("a namespace whose on_connect fails stays closed to events that need more", async (t) => {
  const stranger = new Visitor(server.url, t);
  const error = await stranger.refused({ namespace: "/hooks", auth: {} });
  assert.equal(error.message, "no session");
  const socket = await stranger.connect();
  assert.equal((await failure(socket, "incr")).code, "no_session");
});
