// The checks of the published test suites of Engine.IO (protocol 4) and Socket.IO (protocol 5), one by one, on socketioxide
// alone and with this library's layer: the answers are the same, and those that the protocols ask for.

import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { Polling, Socket, ask } from "./conformance/wire.mjs";
import { binary, startServer } from "./lib/server.mjs";
import { sleep } from "./lib/wait.mjs";

const QUICK = ["--ping-interval", "300", "--ping-timeout", "1000", "--connect-timeout", "300"];

// The second binary has socketioxide's features for other protocols turned on, which are to change nothing here.
const SERVERS = {};
for (const [features, bin] of Object.entries({
  "": binary("PROTOCOL_SERVER_BIN"),
  ", all features": binary("PROTOCOL_SERVER_FEATURED_BIN"),
})) {
  for (const [who, args] of Object.entries({ "socketioxide alone": ["--alone"], "with the layer": [] })) {
    SERVERS[who + features] = {
      url: (await startServer({ bin, args, t: { after } })).url,
      quick: (await startServer({ bin, args: [...args, ...QUICK], t: { after } })).url,
    };
  }
}

const polling = { EIO: 4, transport: "polling" };
const SID = /"sid":"[\w-]{16}"/;

/** What is another each time, written as one word. */
const plain = (packet) => (typeof packet === "string" ? packet.replace(SID, '"sid":SID') : packet);

/** A WebSocket that has had its open packet. */
async function websocket(t, url) {
  const socket = await Socket.open(url);
  t.after(() => socket.end());
  await socket.next();
  return socket;
}

/** A WebSocket in the main namespace. */
async function connected(t, url, auth = "{}") {
  const socket = (await websocket(t, url)).send(`40${auth}`);
  await socket.until(/^40/);
  await socket.until(/^42\["auth"/);
  return socket;
}

/** `closed` when that is what comes next, with or without Engine.IO's close packet before it. */
async function ending(socket) {
  const packet = await socket.next();
  return packet === "1" ? socket.next() : packet;
}

/** A polling connection in the main namespace. */
async function joined(url) {
  const connection = await Polling.open(url);
  await connection.post("40{}");
  assert.match(await connection.next(), /^40\{/);
  assert.match(await connection.next(), /^42\["auth"/);
  return connection;
}

/** A poll that is held, for there is nothing to answer: it may be answered by a ping first. */
async function held(connection) {
  for (;;) {
    const poll = connection.poll();
    const answer = await Promise.race([poll, sleep(150)]);
    if (!answer) {
      return { poll };
    }
    assert.equal(answer.text, "2");
    await connection.post("3");
  }
}

const CHECKS = {
  "Engine.IO: handshake": {
    "polling: the open packet": [
      async (url) => plain((await ask(url, polling)).text),
      '0{"sid":SID,"upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}',
    ],
    "polling: no EIO": [async (url) => (await ask(url, { transport: "polling" })).status, 400],
    "polling: an EIO that is none": [async (url) => (await ask(url, { ...polling, EIO: "abc" })).status, 400],
    "polling: no transport": [async (url) => (await ask(url, { EIO: 4 })).status, 400],
    "polling: a transport that is none": [async (url) => (await ask(url, { EIO: 4, transport: "abc" })).status, 400],
    "polling: POST": [async (url) => (await ask(url, polling, { method: "POST" })).status, 400],
    "polling: PUT": [async (url) => (await ask(url, polling, { method: "PUT" })).status, 400],
    "polling: a sid that nobody has": [async (url) => (await ask(url, { ...polling, sid: "AAAAAAAAAAAAAAAA" })).status, 400],
    "WebSocket: the open packet": [
      async (url, t) => {
        const socket = await Socket.open(url);
        t.after(() => socket.end());
        return plain(await socket.next());
      },
      '0{"sid":SID,"upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}',
    ],
    "WebSocket: an EIO that is none": [(url) => Socket.open(url, { EIO: "abc" }), "HTTP 400"],
    "WebSocket: a transport that is none": [(url) => Socket.open(url, { transport: "abc" }), "HTTP 400"],
    "WebSocket: no upgrade": [async (url) => (await ask(url, { EIO: 4, transport: "websocket" })).status, 400],
  },
  "Engine.IO: messages": {
    "polling: one packet": [
      async (url) => {
        const connection = await joined(url);
        return [await connection.post('42["message",1,"2",{"3":[true]}]'), await connection.next()];
      },
      [{ status: 200, text: "ok" }, '42["message-back",1,"2",{"3":[true]}]'],
    ],
    "polling: three packets in one body": [
      async (url) => {
        const connection = await joined(url);
        const one = (number) => `42${number}["message-with-ack","é${number}"]`;
        const { text } = await connection.post([1, 2, 3].map(one).join("\x1e"));
        // Handlers run side by side, and socketioxide answers in any order.
        return [text, ...[await connection.next(), await connection.next(), await connection.next()].toSorted()];
      },
      ["ok", '431["é1"]', '432["é2"]', '433["é3"]'],
    ],
    "polling: binary": [
      async (url) => {
        const connection = await joined(url);
        const event = '452-["binary",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
        const { text } = await connection.post([event, "bAQID", "bBAUG"].join("\x1e"));
        return [text, await connection.next(), await connection.next(), await connection.next()];
      },
      ["ok", '452-["binary-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', "bAQID", "bBAUG"],
    ],
    "polling: a packet that is none": [
      async (url) => {
        const connection = await Polling.open(url);
        return (await connection.post("abc")).status;
      },
      400,
    ],
    "polling: two polls at once": [
      async (url) => {
        const connection = await joined(url);
        const first = await held(connection);
        const second = await connection.poll();
        return [second.status, (await first.poll).text];
      },
      [400, "1"],
    ],
    "WebSocket: text": [
      async (url, t) => (await connected(t, url)).send('42["message",1,"2",{"3":[true]}]').next(),
      '42["message-back",1,"2",{"3":[true]}]',
    ],
    "WebSocket: a packet that is none": [async (url, t) => ending((await websocket(t, url)).send("abc")), "closed"],
  },
  "Engine.IO: heartbeat": {
    "polling: pings and pongs": [
      async (_, t, url) => {
        const connection = await Polling.open(url);
        await connection.post("40{}");
        const pings = [];
        while (pings.length < 3) {
          for (const packet of (await connection.poll()).text.split("\x1e").filter((packet) => packet === "2")) {
            pings.push(packet, (await connection.post("3")).text);
          }
        }
        return pings.slice(0, 4);
      },
      ["2", "ok", "2", "ok"],
    ],
    "polling: no pong": [
      async (_, t, url) => {
        const connection = await Polling.open(url);
        await connection.post("40{}");
        let answer;
        do {
          answer = await connection.poll();
        } while (answer.status === 200 && !answer.text.split("\x1e").includes("1"));
        await sleep(100);
        return (await connection.poll()).status;
      },
      400,
    ],
    "WebSocket: pings and pongs": [
      async (_, t, url) => {
        const socket = (await websocket(t, url)).send("40{}");
        await socket.until(/^42\["auth"/);
        const pings = [];
        for (let round = 0; round < 3; round++) {
          pings.push(await socket.any());
          socket.send("3");
        }
        return pings;
      },
      ["2", "2", "2"],
    ],
    "WebSocket: no pong": [
      async (_, t, url) => {
        const socket = (await websocket(t, url)).send("40{}");
        let packet;
        do {
          packet = await socket.any();
        } while (packet !== "closed");
        return packet;
      },
      "closed",
    ],
  },
  "Engine.IO: close": {
    "polling: by the client, while it polls": [
      async (url) => {
        const connection = await joined(url);
        const pending = await held(connection);
        const posted = await connection.post("1");
        const { text } = await pending.poll;
        return [posted.text, text, (await connection.poll()).status];
      },
      ["ok", "6", 400],
    ],
    "WebSocket: by the client": [async (url, t) => ending((await connected(t, url)).send("1")), "closed"],
  },
  "Engine.IO: upgrade": {
    "from polling to WebSocket": [
      async (url, t) => {
        const connection = await joined(url);
        const socket = await Socket.open(url, { sid: connection.sid });
        t.after(() => socket.end());
        const probed = await socket.send("2probe").next();
        const back = await socket.send("5").send('421["message-with-ack",7]').next();
        return [probed, back];
      },
      ["3probe", "431[7]"],
    ],
    "a poll after the upgrade": [
      async (url, t) => {
        const connection = await joined(url);
        const socket = await Socket.open(url, { sid: connection.sid });
        t.after(() => socket.end());
        await socket.send("2probe").next();
        await socket.send("5").send('421["message-with-ack",7]').next();
        return (await connection.poll()).status;
      },
      400,
    ],
    "a second WebSocket after the upgrade": [
      async (url, t) => {
        const connection = await joined(url);
        const socket = await Socket.open(url, { sid: connection.sid });
        t.after(() => socket.end());
        await socket.send("2probe").next();
        await socket.send("5").send('421["message-with-ack",7]').next();
        const second = await Socket.open(url, { sid: connection.sid });
        return typeof second === "string" ? second : ending(second);
      },
      "closed",
    ],
    "a WebSocket for a sid that nobody has": [
      async (url) => {
        const socket = await Socket.open(url, { sid: "AAAAAAAAAAAAAAAA" });
        // The layer says so before the upgrade, socketioxide by closing what it has upgraded.
        return typeof socket === "string" ? "closed" : ending(socket);
      },
      "closed",
    ],
  },
  "Socket.IO: connect": {
    "the main namespace": [
      async (url, t) => {
        const socket = (await websocket(t, url)).send("40{}");
        return [plain(await socket.next()), await socket.next()];
      },
      ['40{"sid":SID}', '42["auth",{}]'],
    ],
    "the main namespace, by polling": [
      async (url) => {
        const connection = await Polling.open(url);
        const { text } = await connection.post('40{"token":"123"}');
        return [text, plain(await connection.next()), await connection.next()];
      },
      ["ok", '40{"sid":SID}', '42["auth",{"token":"123"}]'],
    ],
    "with a payload": [
      async (url, t) => {
        const socket = (await websocket(t, url)).send('40{"token":"123"}');
        return [plain(await socket.next()), await socket.next()];
      },
      ['40{"sid":SID}', '42["auth",{"token":"123"}]'],
    ],
    "another namespace, with a payload": [
      async (url, t) => {
        const socket = (await websocket(t, url)).send('40/custom,{"token":"abc"}');
        return [plain(await socket.next()), await socket.next()];
      },
      ['40/custom,{"sid":SID}', '42/custom,["auth",{"token":"abc"}]'],
    ],
    "a namespace that does not exist": [
      async (url, t) => (await websocket(t, url)).send("40/random,").next(),
      '44/random,{"message":"Invalid namespace"}',
    ],
    "first something that is no CONNECT": [
      async (url, t) => ending((await websocket(t, url)).send('42["message",1]')),
      "closed",
    ],
    "first something that is no packet": [async (url, t) => ending((await websocket(t, url)).send("4abc")), "closed"],
    "nothing at all": [async (_, t, url) => (await websocket(t, url)).until(/^closed$/), "closed"],
  },
  "Socket.IO: disconnect": {
    "one namespace of two": [
      async (url, t) => {
        const socket = await connected(t, url);
        socket.send("40/custom,{}");
        await socket.until(/^42\/custom,\["auth"/);
        return socket.send("41/custom,").send('422["message-with-ack",2]').next();
      },
      "432[2]",
    ],
    "an event for a namespace that was left": [
      async (url, t) => {
        const socket = await connected(t, url);
        return ending(socket.send("41").send('422["message-with-ack",2]'));
      },
      "closed",
    ],
  },
  "Socket.IO: events": {
    text: [
      async (url, t) => (await connected(t, url)).send('42["message",1,"2",{"3":[true]}]').next(),
      '42["message-back",1,"2",{"3":[true]}]',
    ],
    "in another namespace": [
      async (url, t) => {
        const socket = (await websocket(t, url)).send("40/custom,{}");
        await socket.until(/^42\/custom,\["auth"/);
        return socket.send('42/custom,["message",1,"2",{"3":[true]}]').next();
      },
      '42/custom,["message-back",1,"2",{"3":[true]}]',
    ],
    binary: [
      async (url, t) => {
        const socket = await connected(t, url);
        socket.send('452-["binary",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
        socket.send(Buffer.from([1, 2, 3])).send(Buffer.from([4, 5, 6]));
        return [await socket.next(), [...(await socket.next())], [...(await socket.next())]];
      },
      ['452-["binary-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', [1, 2, 3], [4, 5, 6]],
    ],
    acknowledged: [
      async (url, t) => (await connected(t, url)).send('42456["message-with-ack",{"3":[false]}]').next(),
      '43456[{"3":[false]}]',
    ],
    "acknowledged, binary": [
      async (url, t) => {
        const socket = await connected(t, url);
        socket.send('451-789["binary-with-ack",{"_placeholder":true,"num":0}]').send(Buffer.from([1, 2, 3]));
        return [await socket.next(), [...(await socket.next())]];
      },
      ['461-789[{"_placeholder":true,"num":0}]', [1, 2, 3]],
    ],
    "a packet that is none": [async (url, t) => ending((await connected(t, url)).send("4abc")), "closed"],
    "an event while attachments are missing": [
      async (url, t) => {
        const socket = await connected(t, url);
        socket.send('452-["binary",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
        return ending(socket.send('42["message",1,"2",3]'));
      },
      "closed",
    ],
    "attachments that nobody announced": [
      async (url, t) => ending((await connected(t, url)).send(Buffer.from([1, 2, 3]))),
      "closed",
    ],
  },
};

for (const [part, checks] of Object.entries(CHECKS)) {
  describe(part, () => {
    for (const [what, [check, expected]] of Object.entries(checks)) {
      for (const [who, { url, quick }] of Object.entries(SERVERS)) {
        test(`${what} (${who})`, async (t) => assert.deepEqual(await check(url, t, quick), expected));
      }
    }
  });
}
