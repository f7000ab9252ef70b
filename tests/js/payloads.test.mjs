// Garbage, oversized and non-JSON payloads: an answer that says what was expected, and a server that stays.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MODES, Visitor, call, failure, next, request } from "./lib/client.mjs";
import { address, join, poll, post } from "./lib/engine.mjs";
import { read } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

const server = await startTestServer({ after });

/** The server is still there, for the same session and for everybody. */
async function assertAlive(visitor, count = 0) {
  assert.ok(server.alive(), server.log());
  const socket = await visitor.connect();
  assert.equal(await call(socket, "incr"), count + 1);
  socket.close();
}

for (const mode of MODES) {
  test(`a payload of another type is \`invalid_payload\`, and the handler has not run (${mode})`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const socket = await visitor.connect({ mode });
    for (const args of [["x"], [-1], [1.5], [null], [2 ** 40], [{ by: 1 }], [[1, "x"]], [Buffer.from([1])], []]) {
      const error = await failure(socket, "number", ...args);
      assert.equal(error.code, "invalid_payload", JSON.stringify(args));
      assert.ok(error.message.length > 0);
    }
    assert.match((await failure(socket, "number", "x")).message, /u32/, "the message says what was expected");
    assert.equal(await call(socket, "number", 7), 7, "the socket stays");
    assert.equal((await read(visitor)).count, 7);
  });
}

test("without an acknowledgement `invalid_payload` arrives as `session_error`", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const told = next(socket, "session_error");
  socket.emit("number", "x");
  const [{ error, event }] = await told;
  assert.equal(error.code, "invalid_payload");
  assert.equal(event, "number");
});

test("more arguments than the handler takes are no reason to fail silently", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const reply = await call(socket, "number", 1, 2, 3);
  assert.ok(reply === 1 || reply?.error?.code === "invalid_payload", JSON.stringify(reply));
});

const GARBAGE = {
  "nothing": "",
  "text": "garbage",
  "an unknown packet": "9",
  "a message without a packet": "4",
  "an unknown Socket.IO packet": "49",
  "an event without data": "42",
  "an event that is cut off": '42["incr"',
  "an event that is not JSON": "42[incr]",
  "an event that is an object": '42{"incr":1}',
  "an event whose name is a number": "42[1]",
  "an event without a name": "42[]",
  "an event for a namespace that nobody joined": '42/members,["incr"]',
  "an event for a namespace that does not exist": '42/nowhere,["incr"]',
  "an acknowledgement id beyond all integers": '4299999999999999999999999999["read"]',
  "an acknowledgement that nobody waits for": "4312345[1]",
  "a binary event without its attachment": '451-["incr",{"_placeholder":true,"num":0}]',
  "a binary event with an attachment out of range": '451-["echo",{"_placeholder":true,"num":7}]\x1ebAAAA',
  "a binary event with a billion attachments": '45999999999-["echo",{"_placeholder":true,"num":0}]',
  "attachments that nobody announced": "bAAAA\x1ebAAAA",
  "an attachment that is not base64": "b@@@@",
  "JSON as deep as it goes": `42["echo",${"[".repeat(40_000)}${"]".repeat(40_000)}]`,
  "separators": "\x1e\x1e\x1e\x1e",
  "zero bytes": "\0\0\0\0",
  "bytes that are not UTF-8": Buffer.from([0x34, 0x32, 0xff, 0xfe, 0xfd]),
  "a second connect": "40\x1e40\x1e40",
  "connect with a broken auth": "40{{{",
  "a disconnect of a namespace that nobody joined": "41/members,",
  "a pong that nobody asked for": "3\x1e3\x1e3",
  "an upgrade that nobody asked for": "5",
};

for (const [what, body] of Object.entries(GARBAGE)) {
  test(`${what} in a POST harms nobody`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const headers = { cookie: visitor.cookie };
    const sid = await join(server.url, headers);
    const response = await post(server.url, sid, body, headers);
    assert.ok(response.status < 500, `${response.status} ${response.text}`);
    await assertAlive(visitor);
  });
}

for (const [what, size] of [
  ["2 MB", 2 << 20],
  ["64 MB", 64 << 20],
]) {
  test(`a POST of ${what} is refused`, async (t) => {
    const visitor = await Visitor.withSession(server.url, t);
    const headers = { cookie: visitor.cookie };
    const sid = await join(server.url, headers);
    // The server may stop reading, and close the connection under the writer.
    const response = await post(server.url, sid, `42["echo","${"x".repeat(size)}"]`, headers).catch((error) => error);
    assert.ok(response instanceof Error || (response.status >= 400 && response.status < 500), `${response.status}`);
    await assertAlive(visitor);
  });
}

test("a WebSocket message of 2 MB is more than may wait for a session: `overloaded`", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  assert.equal((await failure(socket, "buy", "x".repeat(2 << 20))).code, "overloaded");
  assert.deepEqual(await (await visitor.request("/cart")).json(), []);
  assert.equal(await call(socket, "incr"), 1, "the socket stays");
});

test("a WebSocket message of 20 MB ends that connection alone", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const closed = next(socket, "disconnect");
  socket.emit("echo", "x".repeat(20 << 20), () => {});
  await closed;
  await assertAlive(visitor);
});

test("frames that are no packets end that connection alone", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  for (const frame of ["garbage", "", Buffer.from([1, 2, 3]), "42[[[[", '451-["echo",{"_placeholder":true,"num":0}]']) {
    const socket = await visitor.connect();
    socket.io.engine.transport.ws.send(frame);
    socket.close();
  }
  await assertAlive(visitor);
});

test("an event without a handler is not answered in another's name", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  const replies = [];
  socket.emit("no such event", 1, (reply) => replies.push(reply));
  assert.equal(await call(socket, "incr"), 1);
  assert.ok(replies.length === 0 || replies[0]?.error, JSON.stringify(replies));
});

test("a session grows up to its limit and no further", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const socket = await visitor.connect();
  assert.equal(await call(socket, "incr"), 1);
  assert.equal((await failure(socket, "fill", 4 << 20)).code, "overloaded");
  assert.equal((await read(visitor)).trail.length, 0, "rolled back");
  assert.equal(await call(socket, "incr"), 2);
});

test("a poll that is answered by nobody else is not stolen by a second poll", async (t) => {
  const visitor = await Visitor.withSession(server.url, t);
  const headers = { cookie: visitor.cookie };
  const sid = await join(server.url, headers);
  const polls = [poll(server.url, sid, headers), poll(server.url, sid, headers)];
  await Promise.race(polls);
  await request(address(server.url, "polling", `&sid=${sid}`), { method: "POST", headers, body: "1" });
  assert.ok((await Promise.all(polls)).every(({ status }) => status < 500));
  await assertAlive(visitor);
});
