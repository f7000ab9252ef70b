// What a client sees: one argument, binary where it was, and every acknowledgement (7).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, emit, next, sleep, within } from "./lib/client.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

for (const mode of MODES) {
  test(`an acknowledgement carries one argument, whatever the handler returns (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    assert.deepEqual(await emit(socket, "incr"), [1]);
    assert.deepEqual(await emit(socket, "nothing"), [null]);
    assert.deepEqual(await emit(socket, "pair"), [[1, "two"]]);
    assert.deepEqual(await emit(socket, "echo", ["a", { b: 1 }]), [["a", { b: 1 }]]);
    assert.deepEqual(await emit(socket, "maybe"), [1]);
    assert.deepEqual(await emit(socket, "read"), [{ authenticated: false, count: 1, trail: [] }]);
    assert.deepEqual(await emit(socket, "generic"), ["/"]);
    assert.deepEqual(await emit(socket, "number", 5), [7]);
  });

  test(`bytes stay binary (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    const bytes = await call(socket, "bytes");
    assert.ok(Buffer.isBuffer(bytes), `${bytes}`);
    assert.deepEqual([...bytes], [0, 1, 254, 255]);
    assert.equal((await read(visitor)).count, 1, "after the save");
  });

  test(`a reply of 5 MB arrives (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    assert.equal((await call(socket, "huge", 5_000_000)).length, 5_000_000);
    assert.equal(await call(socket, "incr"), 1);
  });

  test(`7: 400 acknowledgements at once all arrive, in order (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    const replies = [];
    const all = Promise.all(
      Array.from({ length: 400 }, () => call(socket, "incr").then((reply) => replies.push(reply))),
    );
    await all;
    assert.deepEqual(replies, Array.from({ length: 400 }, (_, index) => index + 1));
  });

  test(`7: 400 handlers without a view are all acknowledged (${mode})`, async (t) => {
    const socket = await new Visitor(server.url, t).connect({ mode });
    const replies = await Promise.all(Array.from({ length: 400 }, (_, index) => call(socket, "echo", index)));
    assert.deepEqual(replies, Array.from({ length: 400 }, (_, index) => index));
  });
}

test("7: a slow reader gets all of 400 large acknowledgements", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  // The reader stops: 400 × 50 kB are more than all buffers on the way hold.
  const stream = socket.io.engine.transport.ws._socket;
  stream.pause();
  const lengths = [];
  const all = Array.from({ length: 400 }, (_, index) =>
    call(socket, "huge", 50_000 + index).then((reply) => lengths.push(reply.length)),
  );
  await sleep(1_500);
  assert.equal(lengths.length, 0, "it has read nothing yet");
  stream.resume();
  await within(Promise.all(all), "all acknowledgements");
  assert.deepEqual(
    lengths.sort((a, b) => a - b),
    Array.from({ length: 400 }, (_, index) => 50_000 + index),
  );
  assert.ok(socket.connected);
});

test("7: a slow reader does not hold up another session", async (t) => {
  const [slow, other] = [await Visitor.withSession(server.url, t), await Visitor.withSession(server.url, t)];
  const [lazy, eager] = [await slow.connect(), await other.connect()];
  const stream = lazy.io.engine.transport.ws._socket;
  stream.pause();
  for (let sent = 0; sent < 300; sent++) {
    lazy.emit("huge", 50_000, () => {});
  }
  await sleep(200);
  for (let count = 1; count <= 20; count++) {
    assert.equal(await call(eager, "incr"), count);
  }
  stream.resume();
});

test("7: an acknowledgement is delivered or the transport is closed", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const stream = socket.io.engine.transport.ws._socket;
  stream.pause();
  let answered = 0;
  for (let sent = 0; sent < 900; sent++) {
    socket.emit("huge", 30_000, () => answered++);
  }
  await sleep(1_000);
  const closed = new Promise((resolve) => socket.once("disconnect", () => resolve("closed")));
  const complete = (async () => {
    while (answered < 900) {
      await sleep(50);
    }
    return "complete";
  })();
  stream.resume();
  assert.ok(await within(Promise.race([closed, complete]), "all or the end"));
});

test("events arrive without an acknowledgement as well", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const [socket, other] = [await visitor.connect(), await visitor.connect()];
  const told = next(other, "saved");
  socket.emit("after");
  assert.deepEqual(await told, [1]);
});
