// Promise 2: events of one socket start in the order in which they were received.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call } from "./lib/client.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

for (const mode of MODES) {
  test(`2: handlers run in the order of their events, however long each takes (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    const numbers = Array.from({ length: 30 }, (_, index) => index);
    const answered = [];
    await Promise.all(
      numbers.map(async (number) => answered.push(await call(socket, "step", number, (number * 7) % 11))),
    );
    assert.deepEqual(answered, numbers, "the order of the acknowledgements");
    assert.deepEqual((await read(visitor)).trail, numbers, "the order of the writes");
  });

  test(`2: a reader starts after the writers before it, on what they saved (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    const [, , seen, , seenLater] = await Promise.all([
      call(socket, "slow", 100),
      call(socket, "incr"),
      call(socket, "read"),
      call(socket, "incr"),
      call(socket, "read"),
    ]);
    assert.equal(seen.count, 2);
    assert.equal(seenLater.count, 3);
  });
}

test("2: a reader holds up nobody, and keeps what it has read", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const order = [];
  await Promise.all([
    call(socket, "slow read", 1_000).then((count) => order.push(["reader", count])),
    call(socket, "incr").then((count) => order.push(["writer", count])),
  ]);
  assert.deepEqual(order, [
    ["writer", 1],
    ["reader", 0],
  ]);
});

test("2: a reader behind a handler that is rolled back reads what was saved before", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const [, , seen] = await Promise.all([
    call(socket, "incr"),
    call(socket, "fail late", 100),
    call(socket, "slow read", 0),
  ]);
  assert.equal(seen, 1);
});

test("2: a handler without a view waits for nobody", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const order = [];
  await Promise.all([
    call(socket, "slow", 1_000).then(() => order.push("slow")),
    call(socket, "echo", 1).then(() => order.push("echo")),
  ]);
  assert.deepEqual(order, ["echo", "slow"]);
});
