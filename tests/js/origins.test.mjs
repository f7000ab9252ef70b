// Promise 13: every Socket.IO request with a foreign origin gets 403.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor, call, until } from "./lib/client.mjs";
import { join, open, poll, pollFor, post, upgrade } from "./lib/engine.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after }, [
  ...["--origin", "https://friend.example"],
  ...["--origin", "https://port.example:8443"],
  ...["--origin", "capacitor://localhost"],
]);
const { port } = new URL(server.url);

const HOME = `127.0.0.1:${port}`;

const FOREIGN = {
  "another site": { origin: "http://evil.example" },
  "another port of the host": { origin: "http://127.0.0.1:1" },
  "the host without its port": { origin: "http://127.0.0.1" },
  "the host as a name's beginning": { origin: `http://${HOME}.evil.example` },
  "the host as a user": { origin: `http://${HOME}@evil.example` },
  "the host as a path": { origin: `http://evil.example/${HOME}` },
  "the host as a query": { origin: `http://evil.example?${HOME}` },
  "the port with more digits": { origin: `http://${HOME}0` },
  "a name that resolves to the host": { origin: `http://localhost:${port}` },
  "a friend's name as a beginning": { origin: "https://friend.example.evil.example" },
  "a friend's name as an end": { origin: "https://evilfriend.example" },
  "a subdomain of a friend": { origin: "https://sub.friend.example" },
  "a friend without tls": { origin: "http://friend.example" },
  "a friend's other port": { origin: "https://port.example" },
  "`null`": { origin: "null" },
  "an empty one": { origin: "" },
  "a file": { origin: "file://" },
  "an app that was not named": { origin: "tauri://localhost" },
  "garbage": { origin: "\u00e9\u00e9" },
  "two origins": { origin: [`http://${HOME}`, "http://evil.example"] },
  "two origins in one": { origin: `http://${HOME}, http://evil.example` },
  "none, but a cross-site fetch": { "sec-fetch-site": "cross-site" },
  "another site behind a proxy": { origin: "http://evil.example", "x-forwarded-host": "app.example" },
};

for (const [what, headers] of Object.entries(FOREIGN)) {
  test(`13: ${what}: 403 on open, poll, post and upgrade`, async (t) => {
    const victim = await Visitor.withSession(server.url, t);
    const own = { cookie: victim.cookie };
    const foreign = { ...own, ...headers };
    const sid = await join(server.url, own);

    for (const [request, response] of Object.entries({
      open: await open(server.url, foreign),
      poll: await poll(server.url, sid, foreign),
      post: await post(server.url, sid, '420["incr"]', foreign),
      "open by websocket": await upgrade(server.url, { headers: foreign }),
      upgrade: await upgrade(server.url, { sid, headers: foreign }),
    })) {
      assert.equal(response.status, 403, `${request}: ${response.status} ${response.text}`);
    }
    assert.equal((await read(victim)).count, 0, "nothing has run");
    assert.equal((await post(server.url, sid, '420["incr"]', own)).status, 200, "the victim goes on");
  });
}

const OWN = {
  "no origin at all (not a browser)": {},
  "its own host": { origin: `http://${HOME}` },
  "its own host over tls (a proxy ended it)": { origin: `https://${HOME}` },
  "its own host in capitals": { origin: "http://App.Example", host: "app.example" },
  "a same-origin fetch": { "sec-fetch-site": "same-origin" },
  "the host that a proxy was asked for": { origin: "https://app.example", "x-forwarded-host": "app.example" },
  "the host and port that a proxy was asked for": {
    origin: "https://app.example:8443",
    "x-forwarded-host": "app.example:8443",
  },
  "the host of `Forwarded`": { origin: "https://app.example", forwarded: "for=1.2.3.4;host=app.example;proto=https" },
  "the quoted host of `Forwarded`": {
    origin: "https://app.example:8443",
    forwarded: 'for=1.2.3.4;proto=https;host="app.example:8443"',
  },
  "a friend": { origin: "https://friend.example" },
  "a friend on a port": { origin: "https://port.example:8443" },
  "a friend that is an app": { origin: "capacitor://localhost" },
};

for (const [what, headers] of Object.entries(OWN)) {
  test(`13: ${what} passes`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const all = { cookie: visitor.cookie, ...headers };
    const sid = await join(server.url, all);
    assert.equal((await post(server.url, sid, '420["incr"]', all)).status, 200);
    assert.match((await pollFor(server.url, sid, /430/, all)).text, /430\[1\]/);
    assert.equal((await upgrade(server.url, { headers: all })).status, 101);
    assert.equal((await upgrade(server.url, { sid, headers: all })).status, 101);
  });
}

test("13: a refusal logs the two hosts that it compared", async () => {
  await open(server.url, { origin: "http://logged.example" });
  const lines = () => server.log().split("\n");
  const line = await until(() => lines().find((line) => line.includes("logged.example")), "the refusal is logged");
  assert.ok(line.includes(HOME), line);
});

test("13: other routes are none of its business", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  assert.equal((await visitor.post("/incr", { headers: { origin: "http://evil.example" } })).status, 200);
});

test("13: a client of its own origin works", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect({ mode: "upgrade", headers: { origin: server.url } });
  assert.equal(await call(socket, "incr"), 1);
});
