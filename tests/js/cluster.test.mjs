// Three nodes of examples/cluster behind HAProxy: one session, whichever of them answers, and whichever of them dies.

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { MODES, PATIENCE, Visitor, call, next, upgraded, until, whenConnected } from "./lib/client.mjs";
import { join, open, pollFor, post } from "./lib/engine.mjs";
import { request } from "./lib/http.mjs";
import { binary, startServer } from "./lib/server.mjs";

const bin = binary("CLUSTER_BIN");
const NODES = ["one", "two", "three"];
const EAGER = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 };

/** The cluster, and its nodes by name: where each is, and which process. */
async function start(t) {
  const server = await startServer({ bin, t, startTimeout: 120_000 });
  const nodes = {};
  for (const [, name, pid, url] of server.log().matchAll(/node (\w+) is process (\d+) at (http:\S+)/g)) {
    nodes[name] = { pid: Number(pid), url };
  }
  assert.deepEqual(Object.keys(nodes), NODES);
  return { url: server.url, nodes };
}

const cluster = await start({ after });

/** Logs in by the proxy, as a browser would: the jar has the session's cookie, and the proxy's. */
async function loggedIn(t, url = cluster.url) {
  const visitor = new Visitor(url, t);
  const response = await visitor.post("/login");
  assert.equal(response.status, 204);
  assert.equal(visitor.get("node"), response.headers["x-node"]);
  return visitor;
}

/** The same session where the proxy sends it to that node: another browser could not, but a test can. */
function at(node, visitor, t) {
  const other = new Visitor(visitor.url, t);
  other.set("sid", visitor.get("sid"));
  other.set("node", node);
  return other;
}

/** A connected socket, and the node that it is at. */
async function connect(visitor, options) {
  const socket = visitor.socket({ ...EAGER, ...options });
  const said = next(socket, "node");
  const connected = whenConnected(socket);
  socket.connect();
  await connected;
  if (options.mode === "upgrade") {
    await upgraded(socket);
  }
  return { socket, node: (await said)[0] };
}

/** A socket on each node. */
async function everywhere(visitor, t, mode) {
  const sockets = await Promise.all(NODES.map((name) => connect(at(name, visitor, t), { mode })));
  assert.deepEqual(sockets.map(({ node }) => node), NODES);
  return sockets.map(({ socket }) => socket);
}

for (const mode of MODES) {
  describe(`three nodes by one proxy (${mode})`, () => {
    test("a browser stays at its node, through a login too", async (t) => {
      const visitor = await loggedIn(t);
      const before = visitor.get("node");
      const { socket, node } = await connect(visitor, { mode });
      assert.equal(node, before);
      const gone = next(socket, "disconnect");
      const again = next(socket, "node");
      const old = visitor.get("sid");
      assert.equal((await visitor.post("/login")).status, 204);
      assert.notEqual(visitor.get("sid"), old);
      await gone;
      assert.deepEqual(await again, [before]);
      assert.equal(await call(socket, "my event"), 1);
    });

    test("sockets on every node count exactly, all at once", async (t) => {
      const visitor = await loggedIn(t);
      const sockets = await everywhere(visitor, t, mode);
      const counts = await Promise.all(
        Array.from({ length: 90 }, (_, index) =>
          index % 10 === 0 ? visitor.post("/incr").then(({ text }) => Number(text)) : call(sockets[index % 3], "my event"),
        ),
      );
      assert.deepEqual(counts.toSorted((a, b) => a - b), Array.from({ length: 90 }, (_, index) => index + 1));
    });

    test("an emit reaches the session's sockets on every node, and nobody else's", async (t) => {
      const visitor = await loggedIn(t);
      const sockets = await everywhere(visitor, t, mode);
      const { socket: stranger } = await connect(await loggedIn(t), { mode });
      const heard = [];
      stranger.on("current count", (count) => heard.push(count));
      const told = sockets.map((socket) => next(socket, "current count"));
      const response = await at("two", visitor, t).post("/incr");
      assert.equal(response.headers["x-node"], "two");
      assert.deepEqual(await Promise.all(told), [[1], [1], [1]]);
      assert.deepEqual(heard, []);
    });

    test("a logout at node one disconnects the sockets at two and three, for good", async (t) => {
      const visitor = await loggedIn(t);
      const sockets = await everywhere(visitor, t, mode);
      const gone = sockets.map((socket) => next(socket, "disconnect"));
      const response = await at("one", visitor, t).post("/logout");
      assert.deepEqual([response.status, response.headers["x-node"]], [204, "one"]);
      for (const [reason] of await Promise.all(gone)) {
        assert.equal(reason, "io server disconnect");
      }
      assert.deepEqual(sockets.map((socket) => socket.active), [false, false, false]);
      for (const name of NODES) {
        const again = await at(name, visitor, t).request("/session");
        assert.deepEqual([again.headers["x-node"], again.json()], [name, { authenticated: false, count: 0 }]);
      }
    });
  });
}

describe("who does not bring the proxy's cookie", () => {
  test("goes by the session: all its connections meet", async (t) => {
    const visitor = await loggedIn(t);
    const nodes = new Set();
    for (let round = 0; round < 12; round++) {
      const client = new Visitor(cluster.url, t);
      client.set("sid", visitor.get("sid"));
      nodes.add((await client.request("/session")).headers["x-node"]);
    }
    assert.equal(nodes.size, 1);
    const client = new Visitor(cluster.url, t);
    client.set("sid", visitor.get("sid"));
    const { socket, node } = await connect(client, { mode: "polling" });
    assert.deepEqual([node], [...nodes]);
    assert.equal(await call(socket, "my event"), 1);
  });

  test("sessions are spread over all nodes", async (t) => {
    const nodes = new Set();
    for (let round = 0; nodes.size < 3 && round < 100; round++) {
      const cookie = `sid=${Buffer.from(`visitor ${round}`).toString("base64url")}`;
      nodes.add((await request(`${cluster.url}/session`, { headers: { cookie } })).headers["x-node"]);
    }
    assert.deepEqual([...nodes].toSorted(), NODES.toSorted());
  });

  test("without a session either, the requests of a polling connection meet", async () => {
    // The guard refuses, and that answer comes from the node that the handshake was at.
    for (let round = 0; round < 6; round++) {
      const { sid } = await open(cluster.url);
      assert.equal((await post(cluster.url, sid, "40")).status, 200);
      assert.match((await pollFor(cluster.url, sid, /44/)).text, /44.*unauthorized/);
    }
  });
});

test("the origin of a page is compared with what the browser asked for, not with the node's own address", async (t) => {
  const visitor = await loggedIn(t);
  const headers = { cookie: visitor.cookie };
  assert.ok(await join(cluster.url, { ...headers, origin: cluster.url }));
  for (const origin of ["http://evil.example", cluster.nodes.one.url]) {
    assert.equal((await open(cluster.url, { ...headers, origin })).status, 403, origin);
  }
});

for (const [what, signal] of Object.entries({
  "is killed": "SIGKILL",
  "hangs": "SIGSTOP",
  "is told to end": "SIGTERM",
})) {
  for (const mode of MODES) {
    test(`who was at a node that ${what} comes back at another, and the count is exact (${mode})`, async (t) => {
      const { url, nodes } = await start(t);
      const visitor = await loggedIn(t, url);
      const dying = visitor.get("node");
      const { socket, node } = await connect(visitor, { mode });
      assert.equal(node, dying);
      assert.equal(await call(socket, "my event"), 1);
      const reasons = [];
      socket.on("session_ended", ({ reason }) => reasons.push(reason));

      const gone = next(socket, "disconnect");
      process.kill(nodes[dying].pid, signal);
      assert.match((await gone)[0], /^transport (close|error)$/);
      // Who is told to end still answers for a moment, and may be met once more.
      let other;
      do {
        [other] = await next(socket, "node");
      } while (other === dying && signal === "SIGTERM");
      assert.ok(NODES.includes(other) && other !== dying, other);
      // A hint: on a busy machine the end may overtake it. Who dies says nothing.
      assert.deepEqual(reasons, reasons.map(() => (signal === "SIGTERM" ? "shutting_down" : "nothing")));
      assert.equal(await call(socket, "my event"), 2, "nothing is lost, nothing counts twice");

      // HTTP goes there too, and keeps to it.
      // The proxy may find only with this request that its connection to the dead node is none any more: then it says 502,
      // for it repeats no POST, and nothing has happened.
      const response = await until(async () => {
        const answer = await visitor.post("/incr");
        return answer.status !== 502 && answer;
      }, "the proxy has found out");
      assert.deepEqual([response.status, response.text], [200, "3"]);
      assert.notEqual(response.headers["x-node"], dying);
      assert.equal(visitor.get("node"), response.headers["x-node"], "with the proxy's new cookie");
    });
  }
}

test("events that were on their way when a node was killed are counted once or not at all, as they were answered", async (t) => {
  const { url, nodes } = await start(t);
  const visitor = await loggedIn(t, url);
  const dying = visitor.get("node");
  const { socket } = await connect(visitor, { mode: "websocket" });
  const answered = [];
  let sent = 0;
  for (; sent < 200; sent++) {
    socket.emit("my event", (count) => answered.push(count));
  }
  await until(() => answered.length > 0, "the first answer");
  const back = next(socket, "node");
  process.kill(nodes[dying].pid, "SIGKILL");
  await back;
  // A killed node's lease may have to run out first.
  const count = await until(async () => {
    const response = await visitor.post("/incr");
    return response.status === 200 && Number(response.text);
  }, "the session can be written again");
  assert.ok(count > answered.length, `${answered.length} acknowledged, and the count is ${count}`);
  assert.ok(count <= sent + 1, `${sent} sent, and the count is ${count}`);
  assert.equal((await visitor.request("/session")).json().count, count);
});

describe("the guide's page in a browser", () => {
  let browser;
  before(async () => {
    // `cargo xtask test` names it
    const executablePath = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  });
  after(() => browser?.close());

  for (const transport of ["with WebSockets", "with polling alone"]) {
    test(`works, and goes on when its node is killed (${transport})`, async (t) => {
      const { url, nodes } = await start(t);
      const context = await browser.newContext();
      t.after(() => context.close());
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE);
      if (transport === "with polling alone") {
        await page.addInitScript(() => delete globalThis.WebSocket);
      }
      const opened = [];
      page.on("websocket", (socket) => opened.push(socket.url()));
      await page.goto(url);
      const click = (id) => page.locator(`#${id}`).click();
      const shows = (id, text) => page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor();
      const log = () => page.locator("#log").innerText();

      await click("login");
      await shows("status", "connected");
      await click("incr-socket");
      await shows("count", 1);
      await click("incr-http");
      await shows("count", 2);
      const [, dying] = await until(async () => /at node (\w+)/.exec(await log()), "the page says at which node it is");
      const visits = (await log()).split("at node").length;

      process.kill(nodes[dying].pid, "SIGKILL");
      await until(async () => (await log()).split("at node").length > visits, "the page is at a node again");
      const [, other] = /at node (\w+)/.exec(await log());
      assert.notEqual(other, dying, "the newest line comes first");
      await click("incr-socket");
      await shows("count", 3);
      assert.equal(opened.length > 0, transport === "with WebSockets");

      await click("logout");
      await shows("status", "disconnected");
      await shows("authenticated", "no");
    });
  }
});
