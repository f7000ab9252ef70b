// The other protocols that socketioxide has features for: msgpack in place of the default parser, and protocol 4 of Socket.IO
// (Engine.IO 3), which clients before 3.0 speak. The layer, sessions, guards and ends work the same.

import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { io } from "socket.io-client";
import { default as ioBefore3 } from "socket.io-client-2";
import parser from "socket.io-msgpack-parser";
import { MODES, Visitor, next, within } from "./lib/client.mjs";
import { ask } from "./conformance/wire.mjs";
import { binary, startServer } from "./lib/server.mjs";

const bin = binary("PROTOCOL_SERVER_FEATURED_BIN");
const start = async (...args) => (await startServer({ bin, args, t: { after } })).url;

const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

/** How each client is made, and the servers that speak with it. */
const CLIENTS = {
  "msgpack": {
    layered: await start("--msgpack"),
    alone: await start("--msgpack", "--alone"),
    make: (url, options) => io(url, { ...options, parser }),
    refusal: (error) => error.message,
    refused: "connect_error",
  },
  "Socket.IO 2": {
    layered: await start(),
    alone: await start("--alone"),
    make: (url, options) => ioBefore3(url, options),
    refusal: (error) => error?.message ?? error,
    refused: "error",
  },
};

const call = (socket, event, ...args) =>
  within(new Promise((resolve) => socket.emit(event, ...args, (...reply) => resolve(reply))), `the answer to \`${event}\``);

for (const [who, { layered, alone, make, refused, refusal }] of Object.entries(CLIENTS)) {
  /** A socket that is not connected yet. */
  function socketOf(t, url, mode, visitor, options = {}) {
    const extraHeaders = visitor?.cookie ? { cookie: visitor.cookie } : {};
    const socket = make(url, {
      transports: TRANSPORTS[mode],
      extraHeaders,
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      ...options,
    });
    t.after(() => socket.close());
    return socket;
  }

  async function connect(t, url, mode, visitor, options) {
    const socket = socketOf(t, url, mode, visitor, options);
    const connected = next(socket, "connect");
    socket.open();
    await connected;
    const { engine } = socket.io;
    if (mode === "upgrade" && engine.transport.name !== "websocket") {
      await next(engine, "upgrade");
    }
    return socket;
  }

  for (const mode of MODES) {
    describe(`${who} (${mode})`, () => {
      test("events, binary and acknowledgements: the same with the layer and without it", async (t) => {
        // socketioxide alone sends attachments to polling clients of Engine.IO 3 in a form that they cannot read.
        const attachments = !(who === "Socket.IO 2" && mode === "polling");
        const bytes = (values) => values.map((value) => [...new Uint8Array(value)]);
        const answers = [];
        for (const url of [alone, layered]) {
          const socket = await connect(t, url, mode);
          const back = next(socket, "message-back");
          socket.emit("message", 1, "2", { 3: [true] });
          const answer = [await back, await call(socket, "message-with-ack", { a: [null, "é", 1.5] })];
          if (attachments) {
            const binaryBack = next(socket, "binary-back");
            socket.emit("binary", Buffer.from([1, 2]), Buffer.from([3]));
            answer.push(bytes(await binaryBack));
            answer.push(bytes(await call(socket, "binary-with-ack", Buffer.from([4, 5]))));
          }
          answers.push(answer);
        }
        assert.deepEqual(answers[1], answers[0]);
        const expected = [[1, "2", { 3: [true] }], [{ a: [null, "é", 1.5] }], [[1, 2], [3]], [[4, 5]]];
        assert.deepEqual(answers[0], attachments ? expected : expected.slice(0, 2));
      });

      test("a session counts, and what fails says so", async (t) => {
        const visitor = new Visitor(layered, t);
        await visitor.post("/visit");
        const sockets = [await connect(t, layered, mode, visitor), await connect(t, layered, mode, visitor)];
        const counts = await Promise.all(Array.from({ length: 20 }, (_, index) => call(sockets[index % 2], "incr")));
        assert.deepEqual(counts.flat().toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, index) => index + 1));
        const stranger = await connect(t, layered, mode);
        assert.equal((await call(stranger, "incr"))[0].error.code, "no_session");
      });

      test("a guard refuses, and lets in", async (t) => {
        const visitor = new Visitor(layered, t);
        await visitor.post("/visit");
        const out = socketOf(t, `${layered}/members`, mode, visitor);
        const refusals = next(out, refused);
        out.open();
        assert.equal(refusal((await refusals)[0]), "unauthorized");
        await visitor.post("/login");
        const socket = await connect(t, `${layered}/members`, mode, visitor);
        assert.deepEqual(await call(socket, "incr"), [1]);
      });

      test("a logout disconnects, a login lets come back", async (t) => {
        const visitor = new Visitor(layered, t);
        await visitor.post("/visit");
        const socket = await connect(t, layered, mode, visitor);
        const closed = next(socket, "disconnect");
        await visitor.post("/login");
        assert.match((await closed)[0], /^transport (close|error)$/);
        const again = await connect(t, layered, mode, visitor);
        const ended = next(again, "disconnect");
        assert.equal((await visitor.post("/logout")).status, 204);
        assert.equal((await ended)[0], "io server disconnect");
      });
    });
  }
}

describe("Engine.IO 3 on the wire", () => {
  const { layered, alone } = CLIENTS["Socket.IO 2"];
  const open = { EIO: 3, transport: "polling" };

  test("the open packet, and a connection that nobody asked for by a packet", async () => {
    for (const url of [alone, layered]) {
      const { status, text } = await ask(url, { ...open, b64: 1 });
      assert.equal(status, 200);
      const [, length, packet] = /^(\d+):0(\{.*?\})/.exec(text);
      assert.equal(Number(length), packet.length + 1);
      const { sid, ...rest } = JSON.parse(packet);
      assert.match(sid, /^[\w-]{16}$/);
      assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 25000, pingTimeout: 20000, maxPayload: 100000 });
      const next = await ask(url, { ...open, sid, b64: 1 });
      assert.match(next.text, /2:40/);
    }
  });

  test("another session's cookie is refused here too", async (t) => {
    const [victim, thief] = [new Visitor(layered, t), new Visitor(layered, t)];
    await victim.post("/visit");
    await thief.post("/visit");
    const { text } = await ask(layered, { ...open, b64: 1 }, { headers: { cookie: victim.cookie } });
    const { sid } = JSON.parse(/\{.*?\}/.exec(text)[0]);
    const posted = { method: "POST", body: '11:420["incr"]', headers: { "content-type": "text/plain" } };
    for (const cookie of [thief.cookie, "theme=dark"]) {
      const headers = { ...posted.headers, cookie };
      assert.equal((await ask(layered, { ...open, sid }, { ...posted, headers })).status, 400);
    }
    const headers = { ...posted.headers, cookie: victim.cookie };
    assert.equal((await ask(layered, { ...open, sid }, { ...posted, headers })).status, 200);
  });

  test("without the feature, it is refused as a version that is none", async (t) => {
    const plain = binary("PROTOCOL_SERVER_BIN");
    for (const args of [["--alone"], []]) {
      const { url } = await startServer({ bin: plain, args, t });
      assert.equal((await ask(url, open)).status, 400);
    }
  });
});
