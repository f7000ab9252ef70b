// Garbage, foreign, duplicated and 1 MB cookies: a sane status, no session out of nothing, and a server that stays.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor, call, request, setCookies } from "./lib/client.mjs";
import { open, upgrade } from "./lib/engine.mjs";
import { read, store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

const COOKIES = {
  "an empty one": "sid=",
  "no value": "sid",
  "garbage": "sid=%%%garbage%%%",
  "a short one": "sid=AAAA",
  "a long one": `sid=${"A".repeat(4_000)}`,
  "an id that nobody has": "sid=AAAAAAAAAAAAAAAAAAAAAA",
  "an id with padding": "sid=AAAAAAAAAAAAAAAAAAAAAA==",
  "two ids that nobody has": "sid=AAAAAAAAAAAAAAAAAAAAAA; sid=BBBBBBBBBBBBBBBBBBBBBA",
  "quotes": 'sid="AAAAAAAAAAAAAAAAAAAAAA"',
  "separators": "; ;;=;=;; sid=;sid=x;",
  "bytes that are not ASCII": "sid=\u00ff\u00fe\u00fd",
  "a thousand cookies": Array.from({ length: 1_000 }, (_, index) => `c${index}=1`).join("; "),
};

for (const [what, cookie] of Object.entries(COOKIES)) {
  test(`${what}: no session, no error`, async () => {
    const writes = await store(server.url);
    const answer = await request(`${server.url}/read`, { headers: { cookie } });
    // Without a session one reads the defaults, and may be told to forget the cookie.
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json().count, 0);
    assert.ok(setCookies(answer.headers).every(({ value }) => value === ""), "none is made by reading");

    const opened = await open(server.url, { cookie });
    assert.equal(opened.status, 200, opened.text);
    assert.equal((await upgrade(server.url, { headers: { cookie } })).status, 101);
    assert.equal(await store(server.url), writes, "nothing was written");
    assert.ok(server.alive());
  });

  test(`${what}: a first write makes a session of the server's choice`, async (t) => {
    const answer = await request(`${server.url}/visit`, { method: "POST", headers: { cookie } });
    assert.equal(answer.status, 204);
    const [made] = setCookies(answer.headers).filter(({ value }) => value);
    assert.match(made.value, /^[\w-]{22}$/);
    assert.ok(!cookie.includes(made.value));
    const visitor = new Visitor(server.url, t);
    visitor.set("sid", made.value);
    assert.equal((await read(visitor)).visits, 1);
  });
}

test("1 MB of cookies is refused, and the server stays", async (t) => {
  const headers = { cookie: `sid=${"A".repeat(1 << 20)}` };
  for (const attempt of [
    () => request(`${server.url}/read`, { headers }),
    () => open(server.url, headers),
    () => upgrade(server.url, { headers }),
  ]) {
    // The HTTP server may close the connection under the writer.
    const answer = await attempt().catch((error) => error);
    assert.ok(answer instanceof Error || (answer.status >= 400 && answer.status < 500), `${answer.status}`);
  }
  const visitor = await Visitor.withSession(server.url, t);
  assert.equal(await call(await visitor.connect(), "incr"), 1);
});

test("a duplicated cookie means the same session to HTTP and to sockets", async (t) => {
  const [one, two] = [await Visitor.withSession(server.url, t), await Visitor.withSession(server.url, t)];
  for (const [first, second] of [
    [one, two],
    [two, one],
  ]) {
    const both = new Visitor(server.url, t);
    both.set("sid", `${first.get("sid")}; sid=${second.get("sid")}`);
    const before = await Promise.all([read(one), read(two)]);
    const byHttp = await request(`${server.url}/incr`, { method: "POST", headers: { cookie: both.cookie } });
    const middle = await Promise.all([read(one), read(two)]);
    const socket = await both.connect({ mode: "polling" });
    await call(socket, "incr");
    const after = await Promise.all([read(one), read(two)]);
    assert.equal(byHttp.status, 200);
    const grown = (a, b) => a.map((was, index) => b[index].count - was.count);
    assert.deepEqual(grown(before, middle), grown(middle, after), "HTTP and the socket have chosen the same one");
    socket.close();
  }
});

for (const kind of ["signed", "private"]) {
  test(`${kind} cookies: a plain id, or one from another server, is no session`, async (t) => {
    const { url } = await startTestServer(t, ["--cookies", kind]);
    const visitor = await Visitor.withSession(url, t);
    await visitor.post("/incr");
    const foreign = await Visitor.withSession(server.url, t);
    for (const cookie of [foreign.cookie, visitor.cookie.slice(0, -1), `${visitor.cookie}A`, "sid=garbage"]) {
      const answer = await request(`${url}/read`, { headers: { cookie } });
      assert.equal(answer.status, 200);
      assert.equal(answer.json().count, 0, cookie);
    }
    assert.equal((await read(visitor)).count, 1);
    const socket = await visitor.connect({ mode: "upgrade" });
    assert.equal(await call(socket, "incr"), 2);
  });
}
