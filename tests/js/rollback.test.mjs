// Promise 6: `Err`, panic, timeout: nothing of that handler is saved, and no later handler sees any of it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, failure, next } from "./lib/client.mjs";
import { noted, notes, read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after }, ["--handler-timeout", "500"]);

// A fixed message: what the handler said of itself stays in the log.
const HIDDEN = { code: "handler", message: "the handler failed" };

const CASES = [
  ["an Err", ["fail"], { code: "handler", message: "refused" }],
  ["an Err after an await", ["fail late", 50], { code: "handler", message: "refused after 50 ms" }],
  ["an EventError", ["fail coded"], { code: "full", message: "the count is full", data: { limit: 7 } }],
  ["an error through `?`", ["fail hidden"], HIDDEN],
  ["a panic after an await", ["panic"], HIDDEN],
  ["a panic before any await", ["panic at once"], HIDDEN],
  ["a handler that runs too long", ["hang"], { code: "timeout" }],
  ["a reply that cannot be serialized", ["unwritable reply"], { code: "unserializable" }],
  ["a field that cannot be serialized", ["unwritable field"], { code: "unserializable" }],
];

for (const mode of MODES) {
  for (const [what, emitted, expected] of CASES) {
    test(`6: ${what} saves nothing (${mode})`, async (t) => {
      const visitor = await Visitor.withSession(server.url, t);
      const socket = await visitor.connect({ mode });
      assert.equal(await call(socket, "incr"), 1);

      // Sent at once: the second waits behind the first, perhaps in one batch with it.
      const [error, count] = await Promise.all([failure(socket, ...emitted), call(socket, "incr")]);

      assert.deepEqual({ ...error, ...expected }, error, "the error is as documented");
      assert.doesNotMatch(JSON.stringify(error), /hunter2/, "nothing leaks");
      assert.equal(count, 2, "the handler behind it saw nothing of it");
      assert.equal((await read(visitor)).count, 2, "nothing of it was saved");
    });
  }
}

test("6: without an acknowledgement the error arrives as `session_error` with the event's name", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const error = next(socket, "session_error");
  socket.emit("fail");
  assert.deepEqual(await error, [{ error: { code: "handler", message: "refused" }, event: "fail" }]);
});

test("6: a handler without a view that panics is answered, and the socket stays", async (t) => {
  const socket = await new Visitor(server.url, t).connect();
  assert.deepEqual(await failure(socket, "panic without view"), HIDDEN);
  assert.deepEqual(await call(socket, "echo", 1), 1);
});

test("6: a reader that runs too long is answered with `timeout`", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  assert.equal((await failure(socket, "hang reading")).code, "timeout");
  assert.equal(await call(socket, "incr"), 1);
});

test("6: `try_update` with an Err saves nothing", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const response = await visitor.post("/refuse");
  assert.equal(response.status, 409);
  assert.equal(response.text, "refused");
  assert.equal((await read(visitor)).count, 0);
});

test("6: what is given to AfterSave happens after the save", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const [socket, other] = [await visitor.connect(), await visitor.connect()];
  const saved = [next(socket, "saved"), next(other, "saved")];
  assert.equal(await call(socket, "after"), 1);
  assert.deepEqual(await Promise.all(saved), [[1], [1]], "each socket of the session was told");
  await noted(server.url, "after 1");
});

test("6: what is given to AfterSave is dropped with the rollback", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  // What the first had to tell would come before what the second tells.
  const saved = next(socket, "saved");
  assert.equal((await failure(socket, "after fail")).code, "handler");
  assert.equal(await call(socket, "incr"), 1);
  assert.equal(await call(socket, "after"), 2);
  assert.deepEqual(await saved, [2]);
  assert.ok(!(await notes(server.url)).includes("after fail"));
});
