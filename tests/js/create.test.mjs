// Promise 10: the handshake reads, and by default never creates; `Handshake::Create` does, before its response.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { WebSocket } from "ws";
import { Visitor, call, next, request, setCookies, until, within } from "./lib/client.mjs";
import { address, join, open, pollFor, post, upgrade } from "./lib/engine.mjs";
import { read, store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const existing = await startTestServer({ after });
const create = await startTestServer({ after }, ["--create"]);

const sidCookie = (headers) => setCookies(headers).find(({ name }) => name === "sid");

/** A WebSocket of its own, which tells the headers of its `101`. */
async function websocket(t, url, headers = {}) {
  const socket = new WebSocket(address(url.replace("http", "ws"), "websocket"), { headers });
  t.after(() => socket.terminate());
  const packets = [];
  const waiting = [];
  socket.on("message", (data) => {
    packets.push(String(data));
    waiting.shift()?.();
  });
  const [response] = await next(socket, "upgrade");
  const receive = async () => {
    for (;;) {
      if (packets.length === 0) {
        await within(new Promise((resolve) => waiting.push(resolve)), "a packet");
      }
      const packet = packets.shift();
      // Engine.IO's pings come in between whenever they like.
      if (packet !== "2") {
        return packet;
      }
    }
  };
  assert.match(await receive(), /^0\{/);
  socket.send("40");
  assert.match(await receive(), /^40\{/);
  return { socket, headers: response.headers, receive };
}

test("10: by default a handshake sets no cookie and stores nothing", async (t) => {
  const { url } = await startTestServer(t);
  const writes = await store(url);
  for (const headers of [{}, { cookie: "sid=AAAAAAAAAAAAAAAAAAAAAA" }, { cookie: "sid=garbage" }]) {
    const opened = await open(url, headers);
    assert.equal(opened.status, 200);
    assert.ok(setCookies(opened.headers).every(({ value }) => value === ""));
    const upgraded = await upgrade(url, { headers });
    assert.equal(upgraded.status, 101);
    assert.ok(setCookies(upgraded.headers).every(({ value }) => value === ""));
  }
  assert.equal(await store(url), writes);
});

test("15: a handshake with the old cookie, answered after the login, does not delete the new one", async (t) => {
  const visitor = await Visitor.withSession(existing.url, t);
  const { cookie } = visitor;
  await visitor.post("/login");
  for (const late of [await open(existing.url, { cookie }), await upgrade(existing.url, { headers: { cookie } })]) {
    assert.deepEqual(setCookies(late.headers), []);
  }
});

test("10: by default a handshake with a live session neither renews nor rewrites its cookie", async (t) => {
  const visitor = await Visitor.withSession(existing.url, t);
  const writes = await store(existing.url);
  const opened = await open(existing.url, { cookie: visitor.cookie });
  assert.deepEqual(setCookies(opened.headers), []);
  assert.equal(await store(existing.url), writes);
});

test("10: with Create the session is there before the polling response, and its cookie on it", async (t) => {
  const visitor = new Visitor(create.url, t);
  const opened = await open(create.url);
  const cookie = sidCookie(opened.headers);
  assert.ok(cookie?.value, "Set-Cookie rides on the handshake");
  assert.ok(cookie.attributes.some((attribute) => /^httponly$/i.test(attribute)));
  visitor.remember(opened.headers);

  const headers = { cookie: visitor.cookie };
  await post(create.url, opened.sid, "40", headers);
  await pollFor(create.url, opened.sid, /40\{/, headers);
  await post(create.url, opened.sid, '420["incr"]', headers);
  const { text } = await pollFor(create.url, opened.sid, /430/, headers);
  assert.match(text, /430\[1\]/);
  assert.equal((await visitor.post("/incr")).text, "2", "HTTP shares it");
});

test("10: with Create the cookie rides on the `101` of a WebSocket", async (t) => {
  const visitor = new Visitor(create.url, t);
  const { socket, headers, receive } = await websocket(t, create.url);
  visitor.remember(headers);
  assert.ok(visitor.get("sid"), "Set-Cookie rides on the 101");
  socket.send('420["incr"]');
  assert.equal(await receive(), "430[1]");
  assert.equal((await visitor.post("/incr")).text, "2");
  socket.send('421["read"]');
  const packets = [await receive(), await receive()];
  assert.ok(packets.some((packet) => packet.startsWith('431[{"authenticated":false,"count":2')), packets.join());
});

test("10: with Create a connection without the cookie it was given is still bound to it", async () => {
  const opened = await open(create.url);
  const answer = await post(create.url, opened.sid, "40");
  assert.equal(answer.status, 400, "12: bound is what the handshake had, and that is the new session");
});

test("10: with Create a client that keeps no cookies works over WebSocket", async (t) => {
  const visitor = new Visitor(create.url, t);
  const socket = await visitor.connect({ mode: "websocket" });
  assert.equal(await call(socket, "incr"), 1);
  assert.equal(await call(socket, "incr"), 2);
});

test("10: with Create a live session is kept, and an ended one replaced", async (t) => {
  const visitor = await Visitor.withSession(create.url, t);
  const writes = await store(create.url);
  const kept = await open(create.url, { cookie: visitor.cookie });
  assert.equal(sidCookie(kept.headers), undefined);
  assert.equal(await store(create.url), writes);

  const old = visitor.get("sid");
  await visitor.post("/logout");
  const replaced = await open(create.url, { cookie: `sid=${old}` });
  assert.equal(replaced.status, 200);
  assert.ok(sidCookie(replaced.headers)?.value);
  assert.notEqual(sidCookie(replaced.headers).value, old);
});

test("10: with Create each visitor gets a session of their own", async (t) => {
  const opened = await Promise.all(Array.from({ length: 10 }, () => open(create.url)));
  const values = opened.map(({ headers }) => sidCookie(headers)?.value);
  assert.equal(new Set(values).size, 10);
  assert.ok(values.every(Boolean));
});

test("10: with Create a malformed or foreign handshake stores nothing", async (t) => {
  const { url } = await startTestServer(t, ["--create"]);
  const websocket = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  const key = { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  const at = (query, options) => request(`${url}/socket.io/?${query}`, options);
  const before = await store(url);
  const answers = {
    "no protocol": await at("transport=polling"),
    "an unknown protocol": await at("EIO=9&transport=polling"),
    "no transport": await at("EIO=4"),
    "an unknown transport": await at("EIO=4&transport=pigeon"),
    "an encoded transport": await at("EIO=4&transport=p%6flling"),
    "no query": await at(""),
    "a POST": await at("EIO=4&transport=polling", { method: "POST", body: "40" }),
    "a DELETE": await at("EIO=4&transport=polling", { method: "DELETE" }),
    "an unknown sid": await at("EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA"),
    "a malformed sid": await at("EIO=4&transport=polling&sid=x"),
    "no upgrade": await at("EIO=4&transport=websocket"),
    "no key": await at("EIO=4&transport=websocket", { headers: websocket }),
    "an old version": await at("EIO=4&transport=websocket", {
      headers: { ...websocket, ...key, "sec-websocket-version": "8" },
    }),
    "a bad key": await at("EIO=4&transport=websocket", { headers: { ...websocket, "sec-websocket-key": "x" } }),
    "a foreign origin": await at("EIO=4&transport=polling", { headers: { origin: "http://evil.example" } }),
    "a foreign websocket": await at("EIO=4&transport=websocket", {
      headers: { ...websocket, ...key, origin: "http://evil.example" },
    }),
  };
  for (const [what, { status, headers }] of Object.entries(answers)) {
    assert.ok(status >= 400 && status < 500, `${what}: ${status}`);
    assert.deepEqual(setCookies(headers), [], what);
  }
  assert.equal(await store(url), before, "nothing was stored");
  assert.equal((await open(url)).status, 200);
  assert.ok((await store(url)) > before, "a handshake in order is");
});

test("10: with Create a store that is down is HTTP 503, also for who has no session yet", async (t) => {
  const { url } = await startTestServer(t, ["--create"]);
  await store(url, "down=true");
  assert.equal((await open(url)).status, 503);
  assert.equal((await upgrade(url)).status, 503);
  await store(url, "down=false");
  const sid = await open(url);
  assert.equal(sid.status, 200);
});

test("10: with Create the store is asked for no more sessions by polls and posts", async (t) => {
  const { url } = await startTestServer(t, ["--create"]);
  const visitor = new Visitor(url, t);
  visitor.remember((await open(url)).headers);
  const headers = { cookie: visitor.cookie };
  const sid = await join(url, headers);
  const writes = await store(url);
  for (let posts = 0; posts < 5; posts++) {
    await post(url, sid, '420["idle"]', headers);
    await pollFor(url, sid, /430/, headers);
  }
  assert.equal(await store(url), writes);
  assert.equal((await read(visitor)).count, 0);
});

test("bounded: with Create only so many sessions begin in a second", async (t) => {
  const { url } = await startTestServer(t, ["--create", "--created-per-second", "3"]);
  const statuses = (await Promise.all(Array.from({ length: 60 }, () => open(url)))).map(({ status }) => status);
  const refused = statuses.filter((status) => status === 429).length;
  const opened = statuses.filter((status) => status === 200).length;
  assert.equal(refused + opened, 60, statuses.join());
  assert.ok(opened >= 3 && refused > 0, statuses.join());
  assert.equal(await store(url), opened, "a refused handshake stores nothing");
});

test("bounded: one session has only so many connections, and gets its place back", async (t) => {
  const { url } = await startTestServer(t, ["--connections-per-session", "2"]);
  const visitor = await Visitor.withSession(url, t);
  const [first] = [await visitor.connect(), await visitor.connect()];
  assert.equal((await open(url, { cookie: visitor.cookie })).status, 429);
  assert.equal((await upgrade(url, { headers: { cookie: visitor.cookie } })).status, 429);
  assert.equal((await open(url)).status, 200, "others are not concerned");
  first.close();
  await until(async () => (await open(url, { cookie: visitor.cookie })).status === 200, "there is room again");
});
