// The inspector's page in headless Chromium, and what its buttons do to clients.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chromium } from "playwright-core";
import { PATIENCE, Visitor, call, next, until } from "./lib/client.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

let browser;
before(async () => {
  browser = await chromium.launch({
    // `cargo xtask test` names it
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
});
after(() => browser?.close());

/** The SHA-256 of a session's id: what the inspector calls the session. */
function hash(visitor) {
  // the cookie is the number, with its highest byte last
  return createHash("sha256").update(Buffer.from(visitor.get("sid"), "base64url")).digest("hex");
}

/** The inspector's page; an error in its script, or a request to anywhere else, fails the test. */
async function open(t, { viewport = { width: 1280, height: 900 } } = {}) {
  const context = await browser.newContext({ viewport });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(server.url) && !url.startsWith("data:")) {
      wrong.push(url);
    }
  });
  t.after(() => assert.deepEqual(wrong, [], "no error, and nothing from elsewhere"));
  await page.goto(`${server.url}/inspector`);
  return page;
}

const entry = (page, visitor) => page.locator(`article[data-hash="${hash(visitor)}"]`);

test("a session is seen live, and destroyed: its client is told, and stays away", async (t) => {
  const page = await open(t);
  const visitor = await Visitor.withSession(server.url, t);
  const other = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect({ reconnection: true });
  const unconcerned = await other.connect({ mode: "polling" });

  const mine = entry(page, visitor);
  await mine.waitFor();
  assert.equal(await mine.locator("code").textContent(), hash(visitor).slice(0, 16));
  assert.equal(await mine.locator(".sockets").textContent(), "/ (websocket)");
  assert.match(await mine.locator(".facts").textContent(), /^connected for \d+ s · ends in .+ · 0 waiting$/);
  await entry(page, other).waitFor();
  assert.equal(await entry(page, other).locator(".sockets").textContent(), "/ (polling)");
  const html = await page.content();
  assert.ok(!html.includes(visitor.get("sid")), "no id is in the page");

  const told = next(socket, "session_ended");
  const closed = next(socket, "disconnect");
  await mine.locator("button.destroy").click();
  assert.deepEqual(await told, [{ reason: "logout" }]);
  assert.equal((await closed)[0], "io server disconnect");
  assert.equal(socket.active, false);
  await mine.waitFor({ state: "detached" });
  await until(async () => (await page.locator("#numbers").textContent()).includes("logout"), "the close is counted");
  assert.equal(await call(unconcerned, "incr"), 1);
});

test("its sockets are disconnected, to come back or not", async (t) => {
  const page = await open(t);
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect({ reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 });
  const mine = entry(page, visitor);

  let closed = next(socket, "disconnect");
  const back = next(socket, "connect");
  await mine.locator("button.reconnect").click();
  assert.match((await closed)[0], /^transport (close|error)$/);
  await back;

  closed = next(socket, "disconnect");
  await mine.locator("button.disconnect").click();
  assert.equal((await closed)[0], "io server disconnect");
  assert.equal(socket.active, false);
  assert.equal((await visitor.request("/read")).status, 200);
});

test("one of many sessions is found, on a phone too", async (t) => {
  const page = await open(t, { viewport: { width: 360, height: 740 } });
  const visitors = await Promise.all(Array.from({ length: 3 }, () => Visitor.withSession(server.url, t)));
  await Promise.all(visitors.map((visitor) => visitor.connect()));
  await until(async () => (await page.locator("article").count()) >= 3, "all are there");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  await page.locator("#find").fill(hash(visitors[1]).slice(0, 16));
  await until(async () => (await page.locator("article").count()) === 1, "one is left");
  await entry(page, visitors[1]).waitFor();
});

test("a page of another site cannot press its buttons", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.route("http://elsewhere.test/**", (route) => route.fulfill({ contentType: "text/html", body: "elsewhere" }));
  await page.goto("http://elsewhere.test/");
  const answered = page.waitForResponse((response) => response.url().startsWith(server.url));
  await page.evaluate(
    async ([url, session]) => {
      const form = document.createElement("form");
      form.method = "post";
      form.enctype = "text/plain";
      form.action = `${url}/inspector/destroy`;
      const field = document.createElement("input");
      field.name = `{"session":"${session}","x":"`;
      field.value = '"}';
      form.append(field);
      document.body.append(form);
      form.submit();
    },
    [server.url, hash(visitor)],
  );
  assert.equal((await answered).status(), 403);
  assert.equal(await call(socket, "incr"), 1);
});
