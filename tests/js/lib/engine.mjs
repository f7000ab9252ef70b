// Engine.IO by hand, for what no honest client sends.

import { request } from "./http.mjs";

const PATH = "/socket.io/";

/** The address of an Engine.IO request; `query` is appended as it is. */
export function address(url, transport, query = "") {
  return `${url}${PATH}?EIO=4&transport=${transport}${query}`;
}

/** Opens a polling connection: the answer, with `sid` when it was let in. */
export async function open(url, headers = {}) {
  const response = await request(address(url, "polling"), { headers });
  const packet = /^0(\{.*?\})(\x1e|$)/.exec(response.text);
  return { ...response, sid: packet ? JSON.parse(packet[1]).sid : undefined };
}

/** Sends packets into the polling connection `sid`. */
export function post(url, sid, body, headers = {}) {
  return request(address(url, "polling", `&sid=${sid}`), {
    method: "POST",
    headers: { "content-type": "text/plain;charset=UTF-8", ...headers },
    body,
  });
}

/** Waits for packets of the polling connection `sid`. */
export function poll(url, sid, headers = {}) {
  return request(address(url, "polling", `&sid=${sid}`), { headers });
}

/**
 * Polls until the packets so far match `wanted`, the connection has ended, or there is nothing more to wait for.
 * Engine.IO's pings come in between whenever they like. Returns the last answer, with all packets as its `text`.
 */
export async function pollFor(url, sid, wanted, headers = {}) {
  let packets = "";
  for (let polls = 0; polls < 10; polls++) {
    const response = await poll(url, sid, headers);
    packets = [packets, response.text].filter(Boolean).join("\x1e");
    const ended = response.status !== 200 || packets.split("\x1e").includes("1");
    if (ended || wanted.test(packets)) {
      return { ...response, text: packets, ended };
    }
  }
  throw new Error(`polled for ${wanted}, and got ${packets}`);
}

/** Asks for a WebSocket, as the upgrade of `sid` where given: the status is 101 when it was let in. */
export function upgrade(url, { sid, headers = {} } = {}) {
  return request(address(url, "websocket", sid ? `&sid=${sid}` : ""), {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    },
  });
}

/** Opens a polling connection and joins `/`: what an attacker knows of it is its `sid`. */
export async function join(url, headers = {}) {
  const { sid, status, text } = await open(url, headers);
  if (!sid) {
    throw new Error(`the handshake was refused: ${status} ${text}`);
  }
  await post(url, sid, "40", headers);
  const joined = await pollFor(url, sid, /40\{/, headers);
  if (joined.ended) {
    throw new Error(`the namespace was refused: ${joined.status} ${joined.text}`);
  }
  return sid;
}
