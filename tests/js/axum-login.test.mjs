// `examples/axum-login`: one login for HTTP and sockets, with a real client and with its page in headless Chromium.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE, Visitor, call, errorCode, next, until, whenConnected } from "./lib/client.mjs";
import { binary, startServer } from "./lib/server.mjs";

const ALICE = { name: "alice", password: "wonderland" };
const BOB = { name: "bob", password: "can we fix it" };
const EAGER = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };

const start = (t) => startServer({ bin: binary("AXUM_LOGIN_BIN"), t, startTimeout: 60_000 });
const server = await start({ after });

const form = (fields) => ({
  body: new URLSearchParams(fields).toString(),
  headers: { "content-type": "application/x-www-form-urlencoded" },
});

async function login(url, credentials, t) {
  const visitor = new Visitor(url, t);
  assert.equal((await visitor.post("/login", form(credentials))).status, 204);
  return visitor;
}

const me = async (visitor) => (await visitor.request("/me")).json();

for (const mode of ["polling", "websocket"]) {
  test(`only who is logged in connects, and is heard (${mode})`, async (t) => {
    const stranger = new Visitor(server.url, t);
    assert.equal((await stranger.refused({ mode })).message, "log in first");
    assert.equal(await me(stranger), null);
    assert.equal((await stranger.post("/login", form({ ...ALICE, password: "wrong" }))).status, 403);
    assert.equal((await stranger.post("/login", form({ ...ALICE, name: "nobody" }))).status, 403);
    assert.equal(stranger.cookie, undefined, "who is not let in gets no session");

    const [alice, bob] = [await login(server.url, ALICE, t), await login(server.url, BOB, t)];
    assert.equal(await me(alice), "alice");
    const [one, other] = [await alice.connect({ mode }), await bob.connect({ mode })];
    const said = next(other, "said");
    assert.equal(await call(one, "say", " hello "), null);
    assert.deepEqual(await said, [{ from: "alice", text: "hello" }]);
    assert.equal(await errorCode(one, "say", ""), "length");
    assert.equal(await errorCode(one, "say", 7), "invalid_payload");
  });

  test(`a logout ends the sockets of that browser, in every tab (${mode})`, async (t) => {
    const [alice, elsewhere] = [await login(server.url, ALICE, t), await login(server.url, ALICE, t)];
    const { cookie } = alice;
    const tabs = [await alice.connect({ mode, ...EAGER }), await alice.connect({ mode, ...EAGER })];
    const stays = await elsewhere.connect({ mode });
    const ended = tabs.map((tab) => next(tab, "disconnect"));
    assert.equal((await alice.post("/logout")).status, 204);
    for (const [reason] of await Promise.all(ended)) {
      assert.equal(reason, "io server disconnect");
    }
    assert.equal(alice.cookie, undefined, "the cookie is removed");
    alice.set("sid", cookie.slice("sid=".length));
    assert.equal(await me(alice), null, "and worth nothing any more");
    assert.equal((await alice.refused({ mode })).message, "log in first");
    assert.equal(await call(stays, "say", "still here"), null);
  });

  test(`another password ends the sockets of the other browsers (${mode})`, async (t) => {
    const { url } = await start(t);
    const [here, there, bob] = [await login(url, ALICE, t), await login(url, ALICE, t), await login(url, BOB, t)];
    const [mine, theirs, bobs] = await Promise.all(
      [here, there, bob].map((visitor) => visitor.connect({ mode, ...EAGER })),
    );
    const before = here.get("sid");
    const [back, ended] = [next(mine, "connect"), next(theirs, "disconnect")];

    const change = (old, password) => here.post("/password", form({ old, new: password }));
    assert.equal((await change("wrong", "through the looking glass")).status, 403);
    assert.equal((await change(ALICE.password, "short")).status, 422);
    assert.ok(mine.connected && theirs.connected, "nothing has happened yet");
    assert.equal((await change(ALICE.password, "through the looking glass")).status, 204);

    assert.equal((await ended)[0], "io server disconnect");
    assert.equal((await there.refused({ mode })).message, "log in first");
    assert.equal(await me(there), null);

    await back;
    assert.notEqual(here.get("sid"), before, "the session has a new id");
    assert.equal(await me(here), "alice");
    assert.equal(await call(mine, "say", "it's me"), null);
    assert.equal(await call(bobs, "say", "nothing has happened to me"), null);

    const again = new Visitor(url, t);
    assert.equal((await again.post("/login", form(ALICE))).status, 403);
    assert.equal((await again.post("/login", form({ ...ALICE, password: "through the looking glass" }))).status, 204);
  });
}

test("a login of somebody who is logged in keeps the session", async (t) => {
  const visitor = await login(server.url, ALICE, t);
  const before = visitor.get("sid");
  const socket = await visitor.connect();
  assert.equal((await visitor.post("/login", form(ALICE))).status, 204);
  assert.equal(visitor.get("sid"), before);
  assert.equal(await call(socket, "say", "still the same"), null);
});

test("its page", async (t) => {
  const { url } = await start(t);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  t.after(() => browser.close());
  const client = await readFile(
    join(dirname(createRequire(import.meta.url).resolve("socket.io-client/package.json")), "dist/socket.io.min.js"),
  );
  async function open() {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => assert.fail(error.message));
    // the CDN; Chromium compares its hash
    await page.route(/^https:/, (route) =>
      route.fulfill({ body: client, contentType: "text/javascript", headers: { "access-control-allow-origin": "*" } }),
    );
    await page.goto(url);
    return page;
  }
  const shows = (page, selector, expected) =>
    until(async () => (await page.locator(selector).textContent()).includes(expected), `${selector} shows "${expected}"`);
  async function fill(page, id, fields) {
    for (const [name, value] of Object.entries(fields)) {
      await page.fill(`#${id} [name=${name}]`, value);
    }
    await page.click(`#${id} button`);
  }

  const [alice, elsewhere] = [await open(), await open()];
  await fill(alice, "login", { ...ALICE, password: "wrong" });
  await shows(alice, "#problem", "That is not the password.");
  for (const page of [alice, elsewhere]) {
    await fill(page, "login", ALICE);
    await shows(page, "#status", "connected");
    await shows(page, "#name", "alice");
  }
  await fill(alice, "say", { text: "<b>hello</b>" });
  await shows(elsewhere, "#said", "alice<b>hello</b>");

  await fill(alice, "password", { old: ALICE.password, new: "through the looking glass" });
  await elsewhere.waitForSelector("#entrance:not([hidden])");
  await until(() => alice.locator("#status").getAttribute("data-state").then((state) => state === "connected"), "it is back");
  await fill(alice, "say", { text: "only me" });
  await shows(alice, "#said", "only me");
  assert.ok(!(await elsewhere.locator("#said").textContent()).includes("only me"));

  await alice.click("#logout");
  await alice.waitForSelector("#entrance:not([hidden])");
  assert.equal(await alice.locator("#chat").isVisible(), false);
});
