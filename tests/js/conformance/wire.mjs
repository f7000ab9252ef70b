// Engine.IO connections on the wire: packets go out as they are written, and come in as they are.

import { WebSocket } from "ws";
import { PATIENCE, within } from "../lib/wait.mjs";

const query = (options) => new URLSearchParams(options).toString();

/** One HTTP request to Engine.IO: its status, and its body as text. */
export async function ask(url, options, init = {}) {
  const response = await fetch(`${url}/socket.io/?${query(options)}`, { ...init, signal: AbortSignal.timeout(PATIENCE) });
  return { status: response.status, text: await response.text() };
}

/** A polling connection, by protocol 4 unless told otherwise. */
export class Polling {
  static async open(url, { EIO = 4 } = {}) {
    const connection = new Polling();
    const first = await ask(url, { EIO, transport: "polling" });
    connection.first = first.text;
    const { sid } = JSON.parse(/\{.*?\}/.exec(first.text)[0]);
    connection.sid = sid;
    connection.url = url;
    connection.query = { EIO, transport: "polling", sid };
    return connection;
  }

  poll() {
    return ask(this.url, this.query);
  }

  post(body) {
    return ask(this.url, this.query, { method: "POST", body, headers: { "content-type": "text/plain;charset=UTF-8" } });
  }

  #packets = [];

  /** The next packet that is no ping; polls for it where none is left of the last answer. */
  async next() {
    for (;;) {
      while (this.#packets.length === 0) {
        const { status, text } = await this.poll();
        if (status !== 200) {
          return `HTTP ${status}`;
        }
        this.#packets = text.split("\x1e");
      }
      const packet = this.#packets.shift();
      if (packet !== "2") {
        return packet;
      }
      await this.post("3");
    }
  }
}

/** A WebSocket, or what it came to. */
export class Socket {
  #packets = [];
  #waiting = [];

  /** Resolves to a connection, or to the status with which it was refused. */
  static open(url, options) {
    const socket = new Socket();
    socket.ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?${query({ EIO: 4, transport: "websocket", ...options })}`);
    socket.ws.on("message", (data, binary) => socket.#take(binary ? data : String(data)));
    socket.ws.on("close", () => socket.#take("closed"));
    const opened = new Promise((resolve) => {
      socket.ws.on("open", () => resolve(socket));
      socket.ws.on("unexpected-response", (_, response) => {
        resolve(`HTTP ${response.statusCode}`);
        socket.ws.terminate();
      });
      socket.ws.on("error", () => {});
    });
    return within(opened, "a WebSocket");
  }

  #take(packet) {
    this.#packets.push(packet);
    this.#waiting.shift()?.();
  }

  send(packet) {
    this.ws.send(packet);
    return this;
  }

  /** The next packet, pings too, or `closed`. */
  async any() {
    while (this.#packets.length === 0) {
      await within(new Promise((resolve) => this.#waiting.push(resolve)), "a packet");
    }
    return this.#packets.shift();
  }

  /** The next packet that is no ping. */
  async next() {
    for (;;) {
      const packet = await this.any();
      if (packet !== "2") {
        return packet;
      }
      this.send("3");
    }
  }

  /** The packets up to the one that matches, of which that one is returned; or `closed`. */
  async until(wanted) {
    for (;;) {
      const packet = await this.next();
      if (packet === "closed" || wanted.test(packet)) {
        return packet;
      }
    }
  }

  end() {
    this.ws.terminate();
  }
}
