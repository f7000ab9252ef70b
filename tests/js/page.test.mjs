// The page of `examples/guide` in headless Chromium.

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { PATIENCE, until } from "./lib/client.mjs";
import { binary, startServer } from "./lib/server.mjs";

const CLIENT = new URL("../../examples/guide/node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url);
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

let server;
let browser;
before(async () => {
  server = await startServer({ bin: binary("GUIDE_BIN"), startTimeout: 60_000 });
  browser = await chromium.launch({
    // `cargo xtask test` names it
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page with cookies of its own, or with those of `context`; an error in its script fails the test. */
async function open(t, { viewport = DESKTOP, context, route } = {}) {
  const own = context ?? (await browser.newContext({ viewport }));
  if (!context) {
    t.after(() => own.close());
  }
  const page = await own.newPage();
  page.setDefaultTimeout(PATIENCE);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  t.after(() => assert.deepEqual(errors, [], "no error in the page's script"));
  await route?.(page);
  await page.goto(server.url);

  const text = (id) => page.locator(`#${id}`).textContent();
  return {
    page,
    context: own,
    click: (id) => page.locator(`#${id}`).click(),
    enabled: (id) => page.locator(`#${id}`).isEnabled(),
    log: () => text("log"),
    shows: (id, expected) => until(async () => (await text(id)) === expected, `#${id} shows "${expected}"`),
    logs: (expected) => until(async () => (await text("log")).includes(expected), `the log says "${expected}"`),
    screenshot: (name) => page.screenshot({ path: join(tmpdir(), `socket-session-${name}.png`), fullPage: true }),
  };
}

describe("the page", () => {
  for (const [name, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    test(`log in, count in both ways, log out (${name})`, async (t) => {
      const { page, click, enabled, shows, logs, screenshot } = await open(t, { viewport });
      await logs("socket refused: unauthorized");
      await shows("status", "disconnected");
      await shows("authenticated", "no");
      assert.equal(await enabled("incr-socket"), false);

      await click("login");
      await shows("status", "connected");
      await shows("authenticated", "yes");
      await shows("count", "0");

      await click("incr-http");
      await shows("count", "1");
      await logs("current count: 1");
      await click("incr-socket");
      await shows("count", "2");
      await logs("my event → 2");
      await click("incr-http");
      await shows("count", "3");

      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
      await screenshot(name);

      await click("logout");
      await logs("socket disconnected: io server disconnect");
      await shows("status", "disconnected");
      await shows("authenticated", "no");
      await shows("count", "0");
      assert.equal(await enabled("incr-socket"), false);

      await click("login");
      await shows("status", "connected");
    });
  }

  test("a second tab follows, and is logged out too", async (t) => {
    const first = await open(t);
    await first.click("login");
    await first.shows("status", "connected");
    const second = await open(t, { context: first.context });
    await second.shows("status", "connected");
    await second.click("incr-http");
    await first.shows("count", "1");
    await first.click("logout");
    await second.shows("status", "disconnected");
    await second.shows("authenticated", "no");
  });

  test("who counts before logging in keeps the count", async (t) => {
    const { click, shows, page } = await open(t);
    await click("incr-http");
    await shows("count", "1");
    await click("login");
    await shows("status", "connected");
    await shows("count", "1");
    await page.reload();
    await shows("status", "connected");
    await shows("count", "1");
  });

  test("without a client from the program, it takes the same one from the CDN", async (t) => {
    const client = await readFile(CLIENT);
    const asked = [];
    const { page, click, shows } = await open(t, {
      route: async (page) => {
        await page.route("**/socket.io/socket.io.js", (route) => route.fulfill({ status: 404 }));
        await page.route(/^https:/, (route) => {
          asked.push(route.request().url());
          return route.fulfill({ body: client, contentType: "text/javascript", headers: { "access-control-allow-origin": "*" } });
        });
      },
    });
    await click("login");
    await shows("status", "connected");
    assert.equal(asked.length, 1);
    const { version } = JSON.parse(await readFile(new URL("../package.json", CLIENT), "utf8"));
    assert.ok(asked[0].includes(`@${version}/`), `${asked[0]} is not version ${version}`);
    // Chromium has compared it, as the script ran; the page's own text must be what it compared with.
    const hash = createHash("sha384").update(client).digest("base64");
    assert.ok((await page.content()).includes(`sha384-${hash}`));
  });

  test("it needs no network but the program", async (t) => {
    const foreign = [];
    const { shows } = await open(t, {
      route: async (page) => page.on("request", (request) => request.url().startsWith(server.url) || foreign.push(request.url())),
    });
    await shows("status", "disconnected");
    // the empty icon
    assert.deepEqual(foreign.filter((url) => !url.startsWith("data:")), []);
  });
});
