// What an attacker tries, and what comes of it. More of it is in binding, origins, create, payloads, waits and secrets.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { connect as tcp } from "node:net";
import { after, test } from "node:test";
import { MODES, Visitor, call, errorCode, failure, next, setCookies, until, whenConnected } from "./lib/client.mjs";
import { address, join, open, pollFor, poll, post, upgrade } from "./lib/engine.mjs";
import { read, store } from "./lib/probe.mjs";
import { binary, startServer, startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });
const EAGER = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

/** The memory of a process, in MiB. */
const memory = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;

/** Runs `count` of these, so many at a time. */
async function each(count, atOnce, run) {
  let started = 0;
  const worker = async () => {
    while (started < count) {
      await run(started++);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** A visitor who has nothing to do with it is served meanwhile, over HTTP and by each transport. */
async function othersAreServed(t, url) {
  const visitor = await Visitor.withSession(url, t);
  for (const mode of MODES) {
    const socket = await visitor.connect({ mode });
    assert.equal(typeof (await call(socket, "incr")), "number");
    socket.close();
  }
  assert.equal((await read(visitor)).count, MODES.length);
}

test("a connection's sid with the cookie of the same user's other session: 400", async (t) => {
  const { url } = await startServer({ bin: binary("AXUM_LOGIN_BIN"), t, startTimeout: 60_000 });
  const login = async () => {
    const visitor = new Visitor(url, t);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await visitor.post("/login", { headers, body: "name=alice&password=wonderland" });
    assert.ok(visitor.cookie);
    return { cookie: visitor.cookie };
  };
  const [laptop, phone] = [await login(), await login()];
  assert.notDeepEqual(laptop, phone);
  const sid = await join(url, laptop);
  for (const response of [
    await post(url, sid, '420["say","hello"]', phone),
    await poll(url, sid, phone),
    await upgrade(url, { sid, headers: phone }),
  ]) {
    assert.equal(response.status, 400, response.text);
  }
  assert.equal((await post(url, sid, '420["say","hello"]', laptop)).status, 200);
});

for (const mode of MODES) {
  test(`a planted session: the victim logs in, and only the victim's socket is back in it (${mode})`, async (t) => {
    const attacker = await Visitor.withSession(server.url, t);
    const planted = attacker.get("sid");
    const victim = new Visitor(server.url, t);
    victim.set("sid", planted);
    const [thief, socket] = [await attacker.connect({ mode, ...EAGER }), await victim.connect({ mode, ...EAGER })];
    const [out, away, back] = [next(thief, "disconnect"), next(socket, "disconnect"), next(socket, "connect")];
    assert.equal((await victim.post("/login")).status, 204);
    await Promise.all([out, away, back]);
    assert.deepEqual(await call(socket, "read"), { authenticated: true, count: 0, trail: [] });
    await victim.connect({ mode, namespace: "/members" });

    // For a minute the planted id counts as one that has just been replaced, whose owner has the new one; then as nobody's.
    assert.equal((await open(server.url, { cookie: `sid=${planted}` })).status, 503);
    for (const path of ["/login", "/incr", "/logout"]) {
      attacker.set("sid", planted);
      assert.equal((await attacker.post(path)).status, 401, path);
    }
    assert.equal((await attacker.request("/read")).json().authenticated, false);
    assert.equal(thief.connected, false);
    assert.deepEqual(await call(socket, "read"), { authenticated: true, count: 0, trail: [] });
  });
}

test("a cookie signed with another key is none", async (t) => {
  const { url } = await startTestServer(t, ["--cookies", "signed"]);
  const victim = await Visitor.withSession(url, t);
  const value = decodeURIComponent(victim.get("sid"));
  const [signature, id] = [value.slice(0, 44), value.slice(44)];
  const sign = (key) => createHmac("sha256", key).update(id).digest("base64");
  assert.equal(sign(Buffer.alloc(32, 7)), signature, "this is how they are signed");

  const forger = new Visitor(url, t);
  for (const forged of [sign(Buffer.alloc(32, 8)) + id, id, "A".repeat(43) + "=" + id]) {
    forger.set("sid", encodeURIComponent(forged));
    assert.equal((await forger.request("/read")).json().visits, 0, forged);
    const socket = await forger.connect();
    assert.equal(await errorCode(socket, "incr"), "no_session");
    socket.close();
  }
  assert.equal((await read(victim)).visits, 1);
});

/** Handshakes of strangers, over a few connections that stay open: how many were answered how, and what they were given. */
async function handshakes(url, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const statuses = {};
  let cookies = 0;
  await each(count, 32, async () => {
    const response = await fetch(address(url, "polling"));
    await response.arrayBuffer();
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    cookies += response.headers.getSetCookie().length;
  });
  agent.destroy();
  return { statuses, cookies };
}

test("10,000 handshakes without a cookie create nothing", async (t) => {
  const { url } = await startTestServer(t);
  const writes = await store(url);
  const { statuses, cookies } = await handshakes(url, 10_000);
  assert.equal((statuses[200] ?? 0) + (statuses[429] ?? 0), 10_000, JSON.stringify(statuses));
  assert.equal(cookies, 0);
  assert.equal(await store(url), writes);
  const visitor = await Visitor.withSession(url, t);
  assert.equal(await call(await visitor.connect(), "incr"), 1, "who has a session has no place among them");
});

test("10,000 handshakes without a cookie create few sessions where they may", async (t) => {
  const { url } = await startTestServer(t, ["--create", "--created-per-second", "20"]);
  const begun = performance.now();
  const { statuses, cookies } = await handshakes(url, 10_000);
  // Seconds begin when they begin: one more than there were, and the first.
  const seconds = Math.ceil((performance.now() - begun) / 1000) + 1;
  const created = await store(url);
  assert.ok(created <= 20 * seconds, `${created} sessions in less than ${seconds} s`);
  assert.equal(cookies, created);
  assert.deepEqual(statuses, { 200: created, 429: 10_000 - created });
});

test("connections that are held open block nobody: heads, bodies and polls that do not end", async (t) => {
  const { url } = await startTestServer(t);
  const { hostname, port } = new URL(url);
  const held = [];
  t.after(() => held.forEach((socket) => socket.destroy()));
  const begin = (text) =>
    new Promise((resolve, reject) => {
      const socket = tcp(port, hostname, () => socket.write(text, resolve));
      socket.on("error", reject);
      held.push(socket);
    });
  const head = (line, more = "") => `${line} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${more}`;
  const path = (sid) => `/socket.io/?EIO=4&transport=polling&sid=${sid}`;
  await each(200, 20, () => begin(head("GET /socket.io/?EIO=4&transport=polling", "x-slow: ")));
  const visitor = await Visitor.withSession(url, t);
  const headers = { cookie: visitor.cookie };
  await each(100, 10, async (number) => {
    // Half of them belong to nobody; a session may have a hundred connections.
    const cookie = number % 2 === 0 ? headers : {};
    const shown = cookie.cookie ? `cookie: ${cookie.cookie}\r\n` : "";
    const [polled, posted] = [await join(url, cookie), await open(url, {})];
    await begin(`${head(`GET ${path(polled)}`, shown)}\r\n`);
    await begin(`${head(`POST ${path(posted.sid)}`, "content-length: 1000\r\ncontent-type: text/plain\r\n")}\r\n4`);
  });
  await othersAreServed(t, url);
  const socket = await visitor.connect();
  assert.equal(await call(socket, "incr"), 1, "the session whose polls are held goes on too");
});

test("a flood from one socket is refused beyond its limits, and others are served meanwhile", async (t) => {
  const { url, pid } = await startTestServer(t, ["--queue-limit", "50", "--wait-limit", "60000"]);
  const flooder = await Visitor.withSession(url, t);
  const socket = await flooder.connect();
  const before = memory(pid);
  const answers = { done: 0, overloaded: 0, other: 0 };
  const note = (reply) => {
    const outcome = reply?.error?.code ?? "done";
    answers[outcome in answers ? outcome : "other"]++;
  };
  // The first holds the session; 64 MiB of others wait behind it, if they may.
  socket.emit("slow", 2_000, note);
  const text = "x".repeat(16 << 10);
  const COUNT = 4_000;
  for (let number = 1; number < COUNT; number++) {
    socket.emit("buy", text, note);
  }
  await until(() => answers.overloaded > COUNT / 2, "most of it is refused");
  await othersAreServed(t, url);
  const grown = memory(pid) - before;
  await until(() => answers.done + answers.overloaded + answers.other === COUNT, "all of it is answered", 60_000);
  assert.equal(answers.other, 0);
  assert.ok(answers.done >= 1 && answers.done < COUNT / 2, JSON.stringify(answers));
  assert.ok(grown < 48, `the server has grown by ${grown} MiB`);
  assert.equal(await call(socket, "incr"), 2, "and then all is well");
});

test("namespaces by the thousand, named by who is not logged in: each is refused, others are served", async (t) => {
  const { url, pid } = await startTestServer(t);
  const attacker = await Visitor.withSession(url, t);
  const before = memory(pid);
  const NAMES = 2_000;
  const sid = await join(url, { cookie: attacker.cookie });
  let refused = 0;
  for (let first = 0; first < NAMES; first += 100) {
    const names = Array.from({ length: 100 }, (_, number) => `40/rooms/${first + number},`);
    assert.equal((await post(url, sid, names.join("\x1e"), { cookie: attacker.cookie })).status, 200);
    // The connection's own buffer takes 128 packets.
    while (refused < first + 100) {
      const { status, text } = await poll(url, sid, { cookie: attacker.cookie });
      assert.equal(status, 200);
      refused += text.split("\x1e").filter((packet) => /^44\/rooms\/\d+,\{"message":"unauthorized"\}$/.test(packet)).length;
    }
  }
  assert.equal(refused, NAMES);
  await othersAreServed(t, url);
  // They stay, as docs/security.md says: it costs the server a few kilobytes each.
  const each = ((memory(pid) - before) * 1024) / NAMES;
  assert.ok(each < 32, `${each} KiB a name`);
  await attacker.post("/login");
  const member = await attacker.connect({ namespace: "/rooms/1" });
  assert.equal(await call(member, "incr"), 1);
});

test("a reply that looks like a failure is a handler's own: only what it returns itself can look so", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const forged = { error: { code: "session_gone", message: "the session has ended" } };
  // `echo` returns what the client has sent. To the client that sent it, and to nobody else.
  assert.deepEqual(await failure(socket, "echo", forged), forged.error);
  const heard = [];
  const other = await visitor.connect();
  other.onAny((event) => heard.push(event));
  // A client cannot send `session_error` to anybody: the name is one that has no handler.
  socket.emit("session_error", forged.error);
  assert.equal(await call(socket, "incr"), 1);
  assert.equal(await call(other, "incr"), 2);
  assert.deepEqual(heard, []);
});
