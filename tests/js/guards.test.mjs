// Promise 11: guards fail closed, and look at the session as it is now.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, errorCode, failure, next, request, sleep } from "./lib/client.mjs";
import { noted, read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

async function member(t) {
  const visitor = await Visitor.withSession(server.url, t);
  await visitor.post("/login");
  return visitor;
}

for (const mode of MODES) {
  test(`11: who fails a namespace's guard gets \`connect_error\` with its message (${mode})`, async (t) => {
    const options = { mode, namespace: "/members" };
    const stranger = new Visitor(server.url, t);
    assert.equal((await stranger.refused(options)).message, "unauthorized", "no session");

    const visitor = await Visitor.withSession(server.url, t);
    assert.equal((await visitor.refused(options)).message, "unauthorized", "not logged in");

    const { cookie } = await member(t);
    const ended = new Visitor(server.url, t);
    ended.set("sid", cookie.slice("sid=".length));
    await request(`${server.url}/logout`, { method: "POST", headers: { cookie } });
    assert.equal((await ended.refused(options)).message, "unauthorized", "an ended session");

    assert.equal(await call(await (await member(t)).connect(options), "incr"), 1, "who passes is let in");
  });

  test(`11: a guard that turns false: \`unauthorized\`, and out (${mode})`, async (t) => {
    const visitor = await member(t);
    const socket = await visitor.connect({ mode, namespace: "/members", reconnection: true, reconnectionDelay: 20 });
    assert.equal(await call(socket, "incr"), 1);

    // Behind a slow one, so that all are received before anything can end the socket.
    const told = [];
    socket.on("session_error", ({ error, event }) => told.push([event, error.code]));
    for (const [event, ...args] of [["slow", 200], ["demote"], ["incr"]]) {
      socket.emit(event, ...args, (reply) => told.push([event, reply?.error?.code ?? reply]));
    }
    const [reason] = await next(socket, "disconnect");
    assert.equal(reason, "io server disconnect");
    const [slow, demote, ...others] = told;
    assert.deepEqual([slow, demote], [["slow", 2], ["demote", false]], "what had its turn is answered first");
    assert.ok(others.some(([, code]) => code === "unauthorized"), `and then why: ${JSON.stringify(others)}`);
    assert.equal((await read(visitor)).count, 2, "the event behind has not run");
  });
}

test("11: a guard that turns false by HTTP ends the socket at its next event at the latest", async (t) => {
  const visitor = await member(t);
  const socket = await visitor.connect({ namespace: "/members" });
  const out = next(socket, "disconnect");
  await visitor.post("/demote");
  socket.emit("incr", () => {});
  assert.equal((await out)[0], "io server disconnect");
  assert.equal((await read(visitor)).count, 0);
});

test("11: handlers without a view are behind the namespace's guard too", async (t) => {
  const visitor = await member(t);
  const socket = await visitor.connect({ namespace: "/members" });
  assert.equal(await call(socket, "echo", 1), 1);
  const replies = [];
  const out = next(socket, "disconnect");
  await visitor.post("/demote");
  socket.emit("echo", 2, (reply) => replies.push(reply));
  await out;
  assert.ok(!replies.includes(2), "it has not run");
});

test("11: an event's own guard refuses the event and keeps the socket", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const replies = await Promise.all([call(socket, "guarded"), call(socket, "guarded"), errorCode(socket, "guarded")]);
  assert.deepEqual(replies, [5, 10, "unauthorized"], "checked on the fresh session, in order");
  assert.equal(await call(socket, "incr"), 11);
});

test("11: an event's own guard refuses who has no session", async (t) => {
  const socket = await new Visitor(server.url, t).connect();
  assert.match(await errorCode(socket, "guarded"), /^(unauthorized|no_session)$/);
  assert.equal(await call(socket, "echo", 1), 1, "the socket stays");
});

test("11: an async guard with views and extractors", async (t) => {
  // A server of its own: the guard looks at what all share.
  const { url } = await startTestServer(t);
  const visitor = await Visitor.withSession(url, t);
  const socket = await visitor.connect();
  assert.equal(await errorCode(socket, "guarded async"), "unauthorized");
  assert.equal((await visitor.refused({ namespace: "/evening" })).message, "closed");

  await visitor.post("/login");
  const [open, evening] = [await visitor.connect(), await visitor.connect({ namespace: "/evening" })];
  assert.equal(await call(open, "guarded async"), 1);
  assert.equal(await call(evening, "incr"), 2);

  await visitor.post("/notes", { body: "closed" });
  await noted(url, "closed");
  const refused = await failure(open, "guarded async");
  assert.deepEqual(refused, { code: "unauthorized", message: "we are closed" });
  const out = next(evening, "disconnect");
  evening.emit("incr", () => {});
  assert.equal((await out)[0], "io server disconnect");
  assert.equal((await visitor.refused({ namespace: "/evening" })).message, "closed");
  assert.equal((await read(visitor)).count, 2);
});

test("11: a guard that panics lets nobody through, and leaks nothing", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const error = await failure(socket, "guard panics");
  assert.match(error.code, /^(handler|unauthorized)$/);
  assert.doesNotMatch(JSON.stringify(error), /hunter2/);
  assert.equal(await call(socket, "incr"), 1, "the session is free, and the guarded handler has not run");
});

test("a handler that needs a view gets `no_session` on a connection without one", async (t) => {
  const socket = await new Visitor(server.url, t).connect();
  assert.equal(await errorCode(socket, "incr"), "no_session");
  assert.equal(await errorCode(socket, "read"), "no_session");
  assert.equal(await call(socket, "maybe"), null, "`Option<&V>` needs none");
  assert.equal(await call(socket, "handle update"), "NoSession");
});

test("12: a session that begins later does not become the connection's", async (t) => {
  const visitor = new Visitor(server.url, t);
  const socket = await visitor.connect();
  await visitor.post("/visit");
  assert.equal(await errorCode(socket, "incr"), "no_session");
  const again = await visitor.connect();
  assert.equal(await call(again, "incr"), 1);
});

test("11: a refused client does not hold its session's turn", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  await Promise.all(Array.from({ length: 10 }, () => visitor.refused({ namespace: "/members" })));
  await sleep(50);
  assert.equal((await visitor.post("/incr")).text, "1");
});
