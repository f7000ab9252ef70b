// No event is lost, none is counted twice, and each is acknowledged, in order: promises 1 and 2, with real clients.

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import WebSocket from "ws";
import { MODES, PATIENCE, Visitor, call, sleep, until, within } from "./lib/client.mjs";
import * as engine from "./lib/engine.mjs";
import { binary, startServer } from "./lib/server.mjs";

let server;
before(async () => {
  server = await startServer({ bin: binary("GUIDE_BIN") });
});
after(() => server?.stop());

const upTo = (n) => Array.from({ length: n }, (_, index) => index + 1);
const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const times = (n, f) => Promise.all(Array.from({ length: n }, f));

async function loggedIn(t) {
  const visitor = new Visitor(server.url, t);
  assert.equal((await visitor.post("/login")).status, 204);
  return visitor;
}

async function storedCount(visitor) {
  return (await visitor.request("/session")).json().count;
}

/** Emits `my event` n times at once: the counts, in the order in which their acknowledgements arrived. */
async function burst(socket, n) {
  const arrived = [];
  const sent = await times(n, async () => {
    const count = await call(socket, "my event");
    arrived.push(count);
    return count;
  });
  assert.deepEqual(arrived, sent, "acknowledged in the order of the events");
  return arrived;
}

for (const mode of MODES) {
  describe(`counting (${mode})`, () => {
    test("100 events at once by one socket", async (t) => {
      const visitor = await loggedIn(t);
      const socket = await visitor.connect({ mode });
      assert.deepEqual(await burst(socket, 100), upTo(100));
      assert.equal(await storedCount(visitor), 100);
    });

    test("4 sockets with 100 events each", async (t) => {
      const visitor = await loggedIn(t);
      const sockets = await times(4, () => visitor.connect({ mode }));
      const counts = await Promise.all(sockets.map((socket) => burst(socket, 100)));
      for (const own of counts) {
        assert.deepEqual(own, sorted(own), "in order for each socket");
      }
      assert.deepEqual(sorted(counts.flat()), upTo(400));
      assert.equal(await storedCount(visitor), 400);
    });

    test("50 sockets with one event each", async (t) => {
      const visitor = await loggedIn(t);
      const sockets = await times(50, () => visitor.connect({ mode }));
      const counts = await Promise.all(sockets.map((socket) => call(socket, "my event")));
      assert.deepEqual(sorted(counts), upTo(50));
      assert.equal(await storedCount(visitor), 50);
    });

    test("sockets together with POST /incr", async (t) => {
      const visitor = await loggedIn(t);
      const sockets = await times(2, () => visitor.connect({ mode }));
      const listener = await visitor.connect({ mode });
      const pushed = [];
      listener.on("current count", (count) => pushed.push(count));

      const [posted, ...counts] = await Promise.all([
        times(50, async () => {
          const { status, text } = await visitor.post("/incr");
          assert.equal(status, 200);
          return Number(text);
        }),
        ...sockets.map((socket) => burst(socket, 50)),
      ]);
      assert.deepEqual(sorted([...posted, ...counts.flat()]), upTo(150));
      assert.equal(await storedCount(visitor), 150);
      // the listener also got one on connecting, which may have come before it listened
      await until(() => posted.every((count) => pushed.includes(count)), "each POST /incr was pushed");
    });
  });
}

// By hand, as socket.io-client reads as fast as it can. Packets: "4" a message, "2" an event or "3" its
// acknowledgement, the id, the arguments.
const EVENTS = upTo(1000).map((id) => `42${id}["my event"]`);

/** Notes acknowledgements as `[id, count]`. */
function acknowledgements(packets) {
  return packets
    .map((packet) => /^43(\d+)\[(\d+)\]$/.exec(packet))
    .filter(Boolean)
    .map(([, id, count]) => [Number(id), Number(count)]);
}

describe("counting with a slow reader", () => {
  const expected = upTo(1000).map((n) => [n, n]);

  test("1,000 events by polling, and no poll for 2 seconds", async (t) => {
    const visitor = await loggedIn(t);
    const headers = { cookie: visitor.cookie };
    const sid = await engine.join(server.url, headers);
    const posted = engine.post(server.url, sid, EVENTS.join("\x1e"), headers);
    await sleep(2_000);

    const seen = [];
    const deadline = Date.now() + PATIENCE;
    while (seen.length < expected.length && Date.now() < deadline) {
      const { status, text } = await engine.poll(server.url, sid, headers);
      assert.equal(status, 200, text);
      const packets = text.split("\x1e");
      if (packets.includes("2")) {
        await engine.post(server.url, sid, "3", headers);
      }
      seen.push(...acknowledgements(packets));
      await sleep(50);
    }
    assert.equal((await posted).status, 200);
    assert.deepEqual(seen, expected);
    assert.equal(await storedCount(visitor), 1000);
  });

  test("1,000 events by a WebSocket that is not read for 2 seconds", async (t) => {
    const visitor = await loggedIn(t);
    const socket = new WebSocket(engine.address(server.url, "websocket").replace("http", "ws"), {
      headers: { cookie: visitor.cookie },
    });
    t.after(() => socket.terminate());
    const packets = [];
    socket.on("message", (data) => {
      packets.push(String(data));
      if (String(data) === "2") {
        socket.send("3");
      }
    });
    await within(new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)), "the WebSocket");
    socket.send("40");
    await until(() => packets.some((packet) => packet.startsWith("40{")), "the namespace let it in");

    socket.pause();
    for (const event of EVENTS) {
      socket.send(event);
    }
    await sleep(2_000);
    socket.resume();
    await until(() => acknowledgements(packets).length >= expected.length, "all are acknowledged");
    assert.deepEqual(acknowledgements(packets), expected);
    assert.equal(await storedCount(visitor), 1000);
  });
});
