// Promise 12: the connection belongs to its session. Who learns a socket's id can do nothing with it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, request } from "./lib/client.mjs";
import { address, join, open, poll, pollFor, post, upgrade } from "./lib/engine.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

/** What the thief sends in place of the victim's cookie. */
const THIEVES = {
  "without a cookie": async () => ({}),
  "with another user's cookie": async (t) => ({ cookie: (await Visitor.withSession(server.url, t)).cookie }),
  "with a garbage cookie": async () => ({ cookie: "sid=garbage" }),
  "with the cookie under another name": async (_, victim) => ({ cookie: `session=${victim.get("sid")}` }),
};

for (const [who, headersOf] of Object.entries(THIEVES)) {
  test(`12: a thief ${who} can neither post, poll nor upgrade`, async (t) => {
    const victim = await Visitor.withSession(server.url, t);
    const own = { cookie: victim.cookie };
    const sid = await join(server.url, own);
    const thief = await headersOf(t, victim);

    for (const response of [
      await post(server.url, sid, '420["incr"]', thief),
      await poll(server.url, sid, thief),
      await upgrade(server.url, { sid, headers: thief }),
      await request(address(server.url, "polling", `&sid=${sid}`), { method: "OPTIONS", headers: thief }),
    ]) {
      assert.equal(response.status, 400, response.text);
    }
    assert.equal((await read(victim)).count, 0, "nothing has run");

    assert.equal((await post(server.url, sid, '420["incr"]', own)).status, 200, "the victim goes on");
    assert.match((await pollFor(server.url, sid, /430/, own)).text, /430\[1\]/);
  });
}

test("12: a connection bound to none takes nobody's cookie", async (t) => {
  const stranger = await Visitor.withSession(server.url, t);
  const sid = await join(server.url);
  const headers = { cookie: stranger.cookie };
  for (const response of [
    await post(server.url, sid, '420["maybe"]', headers),
    await poll(server.url, sid, headers),
    await upgrade(server.url, { sid, headers }),
  ]) {
    assert.equal(response.status, 400, response.text);
  }
  assert.equal((await post(server.url, sid, '420["maybe"]')).status, 200, "its own requests go on");
  assert.match((await pollFor(server.url, sid, /430/)).text, /430\[null\]/);
});

test("12: other cookies beside the session's change nothing", async (t) => {
  const victim = await Visitor.withSession(server.url, t);
  const sid = await join(server.url, { cookie: victim.cookie });
  const headers = { cookie: `theme=dark; ${victim.cookie}; lang=en` };
  assert.equal((await post(server.url, sid, '420["incr"]', headers)).status, 200);
});

for (const [what, query] of [
  ["twice, the victim's first", (sid, own) => `&sid=${sid}&sid=${own}`],
  ["twice, the victim's last", (sid, own) => `&sid=${own}&sid=${sid}`],
  ["twice, the same", (sid) => `&sid=${sid}&sid=${sid}`],
  ["with an encoded name", (sid) => `&s%69d=${sid}`],
  ["with an encoded name beside a plain one", (sid, own) => `&%73id=${sid}&sid=${own}`],
  ["with an encoded value", (sid) => `&sid=%${sid.charCodeAt(0).toString(16)}${sid.slice(1)}`],
  ["without a value, then with one", (sid) => `&sid&sid=${sid}`],
]) {
  test(`12: a request that names its sid ${what} is refused`, async (t) => {
    const victim = await Visitor.withSession(server.url, t);
    const thief = await Visitor.withSession(server.url, t);
    const sid = await join(server.url, { cookie: victim.cookie });
    const headers = { cookie: thief.cookie };
    const own = await join(server.url, headers);
    const tail = query(sid, own);
    for (const cookie of [thief.cookie, victim.cookie]) {
      const posted = await request(address(server.url, "polling", tail), {
        method: "POST",
        headers: { cookie, "content-type": "text/plain" },
        body: '420["incr"]',
      });
      assert.equal(posted.status, 400, posted.text);
      const polled = await request(address(server.url, "polling", tail), { headers: { cookie } });
      assert.equal(polled.status, 400, polled.text);
    }
    assert.equal((await read(victim)).count, 0);
    assert.equal((await read(thief)).count, 0);
  });
}

test("12: a sid in the path or in a header counts for nothing", async (t) => {
  const victim = await Visitor.withSession(server.url, t);
  const sid = await join(server.url, { cookie: victim.cookie });
  for (const path of [`/socket.io/${sid}?EIO=4&transport=polling`, `/socket.io/?EIO=4&transport=polling#sid=${sid}`]) {
    const response = await request(server.url + path, { method: "POST", headers: { sid }, body: '420["incr"]' });
    assert.ok(response.status >= 400 && response.status < 500, `${response.status} ${response.text}`);
  }
  assert.equal((await read(victim)).count, 0);
});

test("12: a request below Engine.IO's path does not get around the binding", async (t) => {
  const victim = await Visitor.withSession(server.url, t);
  const sid = await join(server.url, { cookie: victim.cookie });
  for (const path of ["/socket.io", "/socket.io/", "/socket.io/x", "/socket.io//", "//socket.io/", "/Socket.io/", "/./socket.io/", "/%73ocket.io/"]) {
    const response = await request(`${server.url}${path}?EIO=4&transport=polling&sid=${sid}`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: '420["incr"]',
    });
    assert.notEqual(response.status, 200, path);
  }
  assert.equal((await read(victim)).count, 0);
});

for (const mode of MODES) {
  test(`12: two users beside each other count each for themselves (${mode})`, async (t) => {
    const [one, two] = [await Visitor.withSession(server.url, t), await Visitor.withSession(server.url, t)];
    const [first, second] = [await one.connect({ mode }), await two.connect({ mode })];
    await Promise.all([call(first, "incr"), call(first, "incr"), call(second, "incr")]);
    assert.equal((await read(one)).count, 2);
    assert.equal((await read(two)).count, 1);
  });
}

for (const kind of ["signed", "private"]) {
  test(`12: the same holds for ${kind} cookies`, async (t) => {
    const { url } = await startTestServer(t, ["--cookies", kind]);
    const victim = await Visitor.withSession(url, t);
    const sid = await join(url, { cookie: victim.cookie });
    const forged = victim.get("sid").slice(0, -2) + "AA";
    for (const headers of [{}, { cookie: `sid=${forged}` }]) {
      assert.equal((await post(url, sid, '420["incr"]', headers)).status, 400);
    }
    assert.equal((await open(url, { cookie: `sid=${forged}` })).status, 200, "a forged cookie is no session");
    const socket = await victim.connect();
    assert.equal(await call(socket, "incr"), 1);
    assert.equal((await victim.post("/incr")).text, "2");
  });
}
