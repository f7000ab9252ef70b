// Promises 5 and 14: delete wins, and ends the sockets.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, next, request, whenConnected } from "./lib/client.mjs";
import { join, open, pollFor, post } from "./lib/engine.mjs";
import { noted, notes, store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

/** What somebody who kept the cookie of an ended session sees of it. */
async function assertGone(cookie) {
  const response = await request(`${server.url}/read`, { headers: { cookie } });
  if (response.status === 200) {
    const { authenticated, count, visits } = response.json();
    assert.deepEqual({ authenticated, count, visits }, { authenticated: false, count: 0, visits: 0 });
  } else {
    assert.equal(response.status, 401);
  }
}

for (const mode of MODES) {
  test(`5, 14: a session destroyed while a handler runs stays gone (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const { cookie } = visitor;
    const socket = await visitor.connect({ mode, reconnection: true, reconnectionDelay: 20 });
    const { id } = socket;
    const replies = [];
    socket.emit("slow", 700, (reply) => replies.push(reply));
    await noted(server.url, `slow ${id}`);

    const disconnected = next(socket, "disconnect");
    assert.equal((await visitor.post("/logout")).status, 204, "destroy waits for nobody");
    assert.equal((await disconnected)[0], "io server disconnect");
    assert.equal(socket.active, false, "the client does not come back by itself");

    // Longer than the handler runs.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.ok(replies.every((reply) => reply?.error?.code === "session_gone"), JSON.stringify(replies));
    assert.ok(!(await notes(server.url)).includes(`slow done ${id}`), "its AfterSave was dropped");
    await assertGone(cookie);
  });

  test(`14: the handler that destroys its session is answered, then disconnected (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const { cookie } = visitor;
    const [socket, other] = [await visitor.connect({ mode }), await visitor.connect({ mode })];
    const ended = [next(socket, "disconnect"), next(other, "disconnect")];
    assert.equal(await call(socket, "handle destroy"), "destroyed");
    for (const [reason] of await Promise.all(ended)) {
      assert.equal(reason, "io server disconnect");
    }
    await assertGone(cookie);
  });
}

test("14: destroy disconnects the sockets in every namespace", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  await visitor.post("/login");
  const sockets = await Promise.all(
    ["/", "/members", "/hooks", "/lobby"].map((namespace) => visitor.connect({ namespace, auth: {} })),
  );
  const ended = sockets.map((socket) => next(socket, "disconnect"));
  await visitor.post("/logout");
  assert.deepEqual(
    (await Promise.all(ended)).map(([reason]) => reason),
    Array(4).fill("io server disconnect"),
  );
});

test("14: destroy leaves the sockets of others alone", async (t) => {
  const [leaving, staying] = [
    await Visitor.withSession(server.url, t),
    await Visitor.withSession(server.url, t),
  ];
  const socket = await staying.connect();
  await leaving.connect();
  await leaving.post("/logout");
  assert.equal(await call(socket, "incr"), 1);
});

test("11: a session destroyed between handshake and connect is not let in", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  await visitor.post("/login");
  const headers = { cookie: visitor.cookie };
  const { sid } = await open(server.url, headers);
  await visitor.post("/logout");

  await post(server.url, sid, "40/members,", headers);
  const answer = await pollFor(server.url, sid, /4[04]\/members/, headers);
  assert.ok(answer.ended || answer.text.includes('44/members,{"message":"unauthorized"}'), answer.text);
});

test("5: an event on a connection whose session ended between handshake and connect creates nothing", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const headers = { cookie: visitor.cookie };
  const { sid } = await open(server.url, headers);
  await visitor.post("/logout");
  const writes = await store(server.url);

  await post(server.url, sid, "40", headers);
  await pollFor(server.url, sid, /40\{/, headers);
  await post(server.url, sid, '420["incr"]', headers);
  const { text } = await pollFor(server.url, sid, /430|session_error/, headers);
  assert.doesNotMatch(text, /430\[1\]/, "it has not run");
  assert.equal(await store(server.url), writes, "and nothing was written");
  await assertGone(headers.cookie);
});

test("14: a socket that was connecting while its session was destroyed does not stay", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const { cookie } = visitor;
  const socket = visitor.socket({ namespace: "/hooks", auth: { wait: 500, word: "late bird" } });
  const out = Promise.race([next(socket, "disconnect"), next(socket, "connect_error")]);
  socket.connect();
  await noted(server.url, "arriving late bird");
  await visitor.post("/logout");
  await out;
  assert.equal(socket.connected, false);
  await assertGone(cookie);
});

test("5: a request that looked at a session which then ended is `Gone`, HTTP 401", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const { cookie } = visitor;
  const late = request(`${server.url}/late?wait=500`, { method: "POST", headers: { cookie } });
  await noted(server.url, "late");
  await visitor.post("/logout");
  assert.equal((await late).status, 401);
  await assertGone(cookie);
});

test("5: a plain session's save does not bring a destroyed session back", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const { cookie } = visitor;
  const late = request(`${server.url}/plain?key=ghost&value=1&wait=500`, { method: "POST", headers: { cookie } });
  await noted(server.url, "plain ghost");
  await visitor.post("/logout");
  await late;
  await assertGone(cookie);
  const ghost = await request(`${server.url}/plain?key=ghost`, { headers: { cookie } });
  assert.equal(ghost.text, "null");
});

test("5: a job that comes back to a destroyed session is `Gone`, and creates nothing", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const { cookie } = visitor;
  const socket = await visitor.connect();
  await call(socket, "remember");
  assert.equal(await call(socket, "job", 300), true);
  await visitor.post("/logout");
  await noted(server.url, "job Gone");
  await assertGone(cookie);
});

test("5: a client never chooses an id", async (t) => {
  const visitor = new Visitor(server.url, t);
  const chosen = "AAAAAAAAAAAAAAAAAAAAAA";
  visitor.set("sid", chosen);
  await visitor.post("/visit");
  assert.ok(visitor.get("sid"), "a session was created");
  assert.notEqual(visitor.get("sid"), chosen);
});

test("10: after the end a new visit is a new session", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const first = visitor.get("sid");
  const socket = await visitor.connect();
  await call(socket, "incr");
  const out = next(socket, "disconnect");
  await visitor.post("/logout");
  await out;
  assert.equal(visitor.get("sid"), undefined, "the cookie is removed");
  await visitor.post("/visit");
  assert.notEqual(visitor.get("sid"), first);
  const connected = whenConnected(socket);
  socket.connect();
  await connected;
  assert.equal(await call(socket, "incr"), 1);
});

test("14: those who know a socket's id get nowhere with it after the end", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const headers = { cookie: visitor.cookie };
  const sid = await join(server.url, headers);
  await visitor.post("/logout");
  await post(server.url, sid, '420["incr"]', headers);
  await assertGone(headers.cookie);
});
