// `Close::Reconnect` and `Close::Final`, as the client sees them; and what a login does to its sockets (15).

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, next, sleep, until, upgraded } from "./lib/client.mjs";
import { join, open, poll, post } from "./lib/engine.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

const EAGER = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };
// A client that polls is told by the answer to its poll, or by none.
const CLOSED = { polling: /^transport (close|error)$/, websocket: /^transport close$/, upgrade: /^transport close$/ };

for (const mode of MODES) {
  for (const [by, closing] of [
    ["HTTP", (visitor, _, last) => visitor.post(`/disconnect?last=${last}`)],
    ["an event handler", (_, socket, last) => socket.emit("handle close", last)],
  ]) {
    test(`Close::Reconnect by ${by}: the client comes back by itself (${mode})`, async (t) => {
      const visitor = await Visitor.withSession(server.url, t);
      const socket = await visitor.connect({ mode, ...EAGER });
      const { id } = socket;
      const closed = next(socket, "disconnect");
      const back = next(socket, "connect");
      await closing(visitor, socket, false);
      assert.match((await closed)[0], CLOSED[mode]);
      await back;
      assert.notEqual(socket.id, id, "on a new connection");
      assert.equal(await call(socket, "incr"), 1);
    });

    test(`Close::Final by ${by}: the client stays away (${mode})`, async (t) => {
      const visitor = await Visitor.withSession(server.url, t);
      const socket = await visitor.connect({ mode, ...EAGER });
      const closed = next(socket, "disconnect");
      await closing(visitor, socket, true);
      assert.equal((await closed)[0], "io server disconnect");
      assert.equal(socket.active, false);
      await sleep(300);
      assert.equal(socket.connected, false);
      socket.connect();
      await next(socket, "connect");
      assert.equal(await call(socket, "incr"), 1, "unless it is asked to come back: the session is still there");
    });
  }

  test(`15: who logs in finds the page's socket reconnected with the new cookie (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const old = visitor.get("sid");
    const socket = await visitor.connect({ mode, ...EAGER });
    assert.equal(await call(socket, "incr"), 1);

    const closed = next(socket, "disconnect");
    const back = next(socket, "connect");
    assert.equal((await visitor.post("/login")).status, 204);
    assert.notEqual(visitor.get("sid"), old, "a new id, so that a planted one is worth nothing");
    assert.match((await closed)[0], CLOSED[mode]);
    await back;
    if (mode === "upgrade") {
      await upgraded(socket);
    }

    assert.deepEqual(await call(socket, "read"), { authenticated: true, count: 1, trail: [] });
    const members = await visitor.connect({ mode, namespace: "/members" });
    assert.equal(await call(members, "incr"), 2);
  });
}

test("Close::Final by an event sent right on connect is final too", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  for (let round = 0; round < 150; round++) {
    const socket = visitor.socket();
    const closed = next(socket, "disconnect");
    socket.emit("handle close", true);
    socket.connect();
    assert.equal((await closed)[0], "io server disconnect");
  }
});

test("15: an attacker's socket on a planted id does not follow its victim into the login", async (t) => {
  const victim = await Visitor.withSession(server.url, t);
  const attacker = new Visitor(server.url, t);
  attacker.set("sid", victim.get("sid"));
  const socket = await attacker.connect();
  const out = next(socket, "disconnect");
  await victim.post("/login");
  await out;

  const response = await attacker.request("/read");
  assert.ok(response.status >= 400 || response.json().authenticated === false, response.text);
  const { status } = await open(server.url, { cookie: `sid=${victim.get("sid")}` });
  assert.equal(status, 200, "the victim's new id works");
  const again = attacker.socket({ namespace: "/members" });
  again.connect();
  await next(again, "connect_error");
  assert.equal(again.connected, false);
});

test("15: a login without a session before creates one", async (t) => {
  const visitor = new Visitor(server.url, t);
  assert.equal((await visitor.post("/login")).status, 204);
  assert.ok(visitor.get("sid"));
  assert.equal((await read(visitor)).authenticated, true);
});

test("15: the login keeps what the session held, plain keys too", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  await visitor.post('/plain?key=colour&value="red"');
  await visitor.post("/incr");
  await visitor.post("/login");
  const { count, visits } = await read(visitor);
  assert.deepEqual({ count, visits }, { count: 1, visits: 1 });
  assert.equal((await visitor.request("/plain?key=colour")).text, '"red"');
});

test("15: an event cannot rotate: no response could carry the cookie", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  assert.equal(await call(socket, "handle rotate"), "NoResponse");
  assert.equal(await call(socket, "incr"), 1);
});

test("15: a handler that runs during the login is not half saved", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const replies = [];
  socket.emit("slow", 300, (reply) => replies.push(reply));
  await visitor.post("/login");
  const { authenticated, count } = await read(visitor);
  assert.equal(authenticated, true);
  assert.equal(count, replies.includes(1) ? 1 : count, "what was acknowledged is there");
});

test("14: a polling transport that was closed takes nothing any more, whether it is polled or not", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const headers = { cookie: visitor.cookie };
  const sid = await join(server.url, headers);
  await visitor.post("/disconnect?last=false");
  // What is on its way to the client may still get there; then it is over.
  await until(async () => (await post(server.url, sid, '42["idle"]', headers)).status === 400, "it is closed");
  assert.equal((await post(server.url, sid, '42["incr"]', headers)).status, 400);
  assert.equal((await poll(server.url, sid, headers)).status, 400);
  assert.equal((await read(visitor)).count, 0);
});

test("`Session::emit` reaches all sockets of the session, and nobody else's", async (t) => {
  const [one, two] = [await Visitor.withSession(server.url, t), await Visitor.withSession(server.url, t)];
  const sockets = await Promise.all(MODES.map((mode) => one.connect({ mode })));
  const stranger = await two.connect();
  const heard = [];
  stranger.on("news", (text) => heard.push(text));
  const news = sockets.map((socket) => next(socket, "news"));
  assert.equal((await one.post("/emit", { body: "hello" })).status, 204);
  assert.deepEqual(await Promise.all(news), Array(MODES.length).fill(["hello"]));

  const more = sockets.map((socket) => next(socket, "news"));
  assert.equal(await call(sockets[0], "handle emit", "again"), "emitted");
  assert.deepEqual(await Promise.all(more), Array(MODES.length).fill(["again"]));

  const own = next(stranger, "news");
  await two.post("/emit", { body: "yours" });
  await own;
  assert.deepEqual(heard, ["yours"]);
});
