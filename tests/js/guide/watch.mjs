// What a socket sees, in words that do not depend on the transport, the time or the session's id.

import { PATIENCE, setCookies, sleep, upgraded, within } from "../lib/client.mjs";

/** How long nothing must have happened for a transcript to go on. */
const QUIET = 700;

/** Connects a socket of `visitor`, or is refused; either way it is being watched. */
export async function join(visitor, mode, namespace = "/", options = {}) {
  const socket = visitor.socket({ mode, namespace, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
  const seen = [];
  let last = Date.now();
  const see = (what) => {
    seen.push(what);
    last = Date.now();
  };
  socket.on("connect", () => see("connected"));
  socket.on("connect_error", (error) => see(`refused: ${error.message}`));
  socket.on("current count", (count) => see(`current count ${count}`));
  socket.on("disconnect", (reason) => see(`disconnected: ${reasonInWords(reason)}`));

  socket.connect();
  const answered = () => new Promise((resolve) => ["connect", "connect_error"].forEach((event) => socket.once(event, resolve)));
  await within(answered(), `an answer from ${namespace}`);
  if (socket.connected && mode === "upgrade") {
    await upgraded(socket);
  }

  return {
    socket,
    /** What it has seen since it was last asked, once all is quiet. */
    async saw() {
      const since = Date.now();
      while (Date.now() - Math.max(last, since) < QUIET) {
        if (Date.now() - since > PATIENCE) {
          throw new Error(`it never becomes quiet: ${seen.slice(0, 20).join(", ")} …`);
        }
        await sleep(20);
      }
      return seen.splice(0).join(", ") || "nothing";
    },
    /** Waits until it has seen `what`. */
    async until(what) {
      const deadline = Date.now() + PATIENCE;
      while (!seen.includes(what)) {
        if (Date.now() > deadline) {
          throw new Error(`waited for "${what}", saw: ${seen.join(", ")}`);
        }
        await sleep(20);
      }
    },
  };
}

// A transport that the server ends is noticed by a WebSocket as a close, by polling as an error.
function reasonInWords(reason) {
  return ["transport close", "transport error"].includes(reason) ? "the transport was closed" : reason;
}

/** Emits, and says what came back. */
export function ask({ socket }, event, ...args) {
  if (!socket.connected) {
    return "not connected";
  }
  return new Promise((resolve) => {
    const ended = (reason) => resolve(`disconnected: ${reasonInWords(reason)}`);
    socket.once("disconnect", ended);
    socket.timeout(3_000).emit(event, ...args, (silence, ...reply) => {
      socket.off("disconnect", ended);
      resolve(silence ? "no answer" : reply.map(replyInWords).join(" and "));
    });
  });
}

function replyInWords(reply) {
  if (!reply?.error) {
    return JSON.stringify(reply);
  }
  const { code, message } = reply.error;
  // the parser's own words
  return code === "invalid_payload" ? `error ${code}` : `error ${code}: ${message}`;
}

/** Requests, and says what came back: status, body, and what became of the cookie. */
export async function http(visitor, method, path) {
  const before = visitor.get("sid");
  const response = await visitor.request(path, { method });
  return [response.status, response.text, cookieInWords(before, response)].filter(Boolean).join(", ");
}

export function cookieInWords(before, { headers }) {
  const cookie = setCookies(headers).find(({ name }) => name === "sid");
  if (!cookie) {
    return "";
  }
  if (!cookie.value) {
    return "cookie removed";
  }
  return cookie.value === before ? "the same cookie" : "a new cookie";
}

/** A cookie's attributes, in one order. */
export function attributesInWords({ headers }) {
  const cookie = setCookies(headers).find(({ name }) => name === "sid");
  return cookie ? cookie.attributes.map((attribute) => attribute.replace(/^Expires=.*/i, "Expires")).sort().join("; ") : "no cookie";
}
