// 17: events keep a session alive, if they are told to; what the server sends never does.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, next, sleep } from "./lib/client.mjs";
import { startTestServer } from "./lib/server.mjs";

const TTL = 1_500;
const touched = await startTestServer({ after }, ["--ttl", `${TTL}`, "--touch-every", "100"]);
const untouched = await startTestServer({ after }, ["--ttl", `${TTL}`]);

const EAGER = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };

async function connected(server, mode, t) {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect({ mode, ...EAGER });
  const ended = next(socket, "session_ended");
  const closed = next(socket, "disconnect");
  return { visitor, socket, ended, closed };
}

/** Does something again and again, for longer than a session lives without use. */
async function forLonger(does) {
  const end = Date.now() + 2 * TTL;
  while (Date.now() < end) {
    await does();
    await sleep(TTL / 5);
  }
}

for (const mode of MODES) {
  test(`17: events keep a session alive, and without them it expires (${mode})`, async (t) => {
    const { socket, ended, closed } = await connected(touched, mode, t);
    const { id } = socket;
    // an event that saves nothing
    await forLonger(() => call(socket, "echo", 1));
    assert.equal(socket.id, id, "on the same connection");
    assert.deepEqual(await ended, [{ reason: "expired" }]);
    assert.notEqual((await closed)[0], "io server disconnect", "it may come back, and log in");
  });

  test(`17: events do not where nobody says so (${mode})`, async (t) => {
    const { socket, ended } = await connected(untouched, mode, t);
    let over = false;
    ended.then(() => (over = true));
    await forLonger(() => over || socket.emit("echo", 1));
    assert.deepEqual(await ended, [{ reason: "expired" }]);
  });

  test(`17: what the server sends keeps nobody alive (${mode})`, async (t) => {
    const { visitor, socket, ended } = await connected(touched, mode, t);
    const news = [];
    socket.on("news", (said) => news.push(said));
    await forLonger(() => visitor.post("/emit", "hello"));
    assert.ok(news.length > 2, "it was sent");
    assert.deepEqual(await ended, [{ reason: "expired" }]);
  });
}
