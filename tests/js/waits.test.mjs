// Promise 3: every wait ends, and nobody who went away leaves a lock behind.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor, call, errorCode, within } from "./lib/client.mjs";
import { noted, read, store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after }, ["--wait-limit", "400", "--handler-timeout", "3000"]);

test("3: an event whose turn does not come gets `timeout`, and has not run", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const [holder, waiter] = [await visitor.connect(), await visitor.connect()];
  const held = call(holder, "slow", 1_500);
  await noted(server.url, `slow ${holder.id}`);
  assert.equal(await errorCode(waiter, "incr"), "timeout");
  assert.equal(await held, 1, "the holder is not disturbed");
  assert.equal(await call(waiter, "incr"), 2, "and all goes on");
});

test("3: an `update` whose turn does not come is HTTP 503 with Retry-After", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const held = call(socket, "slow", 1_500);
  await noted(server.url, `slow ${socket.id}`);
  const response = await visitor.post("/incr");
  assert.equal(response.status, 503);
  assert.match(response.headers["retry-after"] ?? "", /^\d+$/);
  assert.equal(await held, 1);
  assert.equal((await visitor.post("/incr")).text, "2");
});

test("3: a handler that runs past `handler_timeout` lets go", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  assert.equal(await errorCode(socket, "hang"), "timeout");
  assert.equal(await call(socket, "incr"), 1);
});

test("3: a caller that goes away while it waits leaves no lock behind", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const held = call(socket, "slow", 350);
  await noted(server.url, `slow ${socket.id}`);
  await assert.rejects(visitor.post("/incr", { signal: AbortSignal.timeout(50) }));
  assert.equal(await held, 1);
  const count = await within(call(socket, "incr"), "the turn after the aborted request", 5_000);
  assert.ok(count === 2 || count === 3, `the aborted update happened once or not at all: ${count}`);
});

test("3: a caller that goes away in mid-`update` leaves no lock behind", async (t) => {
  // A server of its own: its store is slow for everybody.
  const { url } = await startTestServer(t);
  const visitor = await Visitor.withSession(url, t);
  const socket = await visitor.connect();
  await store(url, "delay=300");
  for (const milliseconds of [50, 350, 450]) {
    await assert.rejects(visitor.post("/incr", { signal: AbortSignal.timeout(milliseconds) }));
  }
  await store(url, "delay=0");
  const count = await within(call(socket, "incr"), "the turn after the aborted requests", 4_000);
  assert.ok(count >= 1 && count <= 4, `each aborted update happened once or not at all: ${count}`);
  assert.equal((await visitor.post("/incr")).text, String(count + 1));
  assert.equal((await read(visitor)).count, count + 1);
});

test("3: a socket that goes away in mid-handler leaves no lock behind", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const [leaving, staying] = [await visitor.connect(), await visitor.connect()];
  leaving.emit("slow", 200);
  await noted(server.url, `slow ${leaving.id}`);
  leaving.close();
  const count = await call(staying, "incr");
  assert.ok(count === 1 || count === 2);
});

test("3: asking again, in the same task, for the session that one holds is `Reentrant` at once", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  assert.equal(await call(socket, "remember"), true);
  assert.equal(await call(socket, "reenter"), "Reentrant");
  assert.equal((await read(visitor)).count, 1, "the handler's own change is saved");
});

test("3: asking for it from another task ends in `Busy`", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  await call(socket, "remember");
  assert.equal(await call(socket, "reenter elsewhere"), "Busy");
  assert.equal((await read(visitor)).count, 1);
});

test("3: `Session::get` waits for nobody, and reads what is saved", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  await call(socket, "remember");
  assert.equal(await call(socket, "peek"), "0");
});

test("3: more events than `queue_limit` are refused with `overloaded`, the others run", async (t) => {
  const { url } = await startTestServer(t, ["--queue-limit", "8"]);
  const visitor = await Visitor.withSession(url, t);
  const socket = await visitor.connect();
  const held = call(socket, "slow", 500);
  await noted(url, `slow ${socket.id}`);
  const replies = await Promise.all(Array.from({ length: 30 }, () => call(socket, "incr")));
  await held;
  const refused = replies.filter((reply) => reply?.error?.code === "overloaded").length;
  const counted = replies.filter((reply) => typeof reply === "number").length;
  assert.ok(refused >= 20, `${refused} were refused`);
  assert.ok(counted >= 7, `${counted} have run`);
  assert.equal(refused + counted, 30);
  assert.equal((await read(visitor)).count, counted + 1);
  assert.equal(typeof (await call(socket, "incr")), "number", "afterwards there is room again");
});
