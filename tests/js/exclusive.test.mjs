// Promise 1: while one holds `&mut`, no other handler and no `Session::update` of that session does.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call } from "./lib/client.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

const times = (n, f) => Promise.all(Array.from({ length: n }, (_, index) => f(index)));

for (const mode of MODES) {
  test(`1: 100 increments sent at once by one socket end at 100, acknowledged in order (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    const replies = await times(100, () => call(socket, "incr"));
    assert.deepEqual(replies, Array.from({ length: 100 }, (_, index) => index + 1));
    assert.equal((await read(visitor)).count, 100);
  });

  test(`1: handlers that pause between reading and writing overwrite nobody (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const sockets = await times(4, () => visitor.connect({ mode }));
    const replies = await times(40, (index) =>
      index % 4 === 3 ? visitor.post("/incr").then((r) => Number(r.text)) : call(sockets[index % 4], "slow", 5),
    );
    assert.deepEqual(
      replies.sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    assert.equal((await read(visitor)).count, 40);
  });
}

test("1: sessions do not wait for each other", async (t) => {
  const [one, two] = await times(2, () => Visitor.withSession(server.url, t));
  const [busy, idle] = [await one.connect(), await two.connect()];
  let done = false;
  const slow = call(busy, "slow", 2_000).then(() => (done = true));
  assert.equal(await call(idle, "incr"), 1);
  assert.equal(done, false, "the other session's handler still runs");
  await slow;
});

test("1: namespaces share the session, and its turns", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  await visitor.post("/login");
  const [root, members] = [await visitor.connect(), await visitor.connect({ namespace: "/members" })];
  await times(20, (index) => call(index % 2 ? root : members, "slow", 3));
  assert.equal((await read(visitor)).count, 20);
});

test("1: `Session<V>` in an event handler takes its turns with the others", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const replies = await times(40, (index) =>
    index % 2 ? call(socket, "slow", 2) : call(socket, "handle update").then(Number),
  );
  assert.deepEqual(
    replies.sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => index + 1),
  );
  assert.equal((await read(visitor)).count, 40);
});
