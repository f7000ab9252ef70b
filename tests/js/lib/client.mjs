// A visitor: cookies kept by hand, HTTP requests, and sockets of socket.io-client that carry those cookies.

import { io } from "socket.io-client";
import { request, setCookies } from "./http.mjs";
import { PATIENCE, next, within } from "./wait.mjs";

export { PATIENCE, next, sleep, until, within } from "./wait.mjs";
export { request, setCookies } from "./http.mjs";

/** The ways in which a client reaches a server. */
export const MODES = ["polling", "websocket", "upgrade"];

const TRANSPORTS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

/** One browser, as far as cookies go. */
export class Visitor {
  #cookies = new Map();
  // The headers of each socket, so that its next request carries what the jar holds by then, as a browser's would.
  #headers = new Set();

  constructor(url, t) {
    this.url = url;
    this.t = t;
  }

  /** The `Cookie` header, or `undefined`. */
  get cookie() {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    return pairs.length > 0 ? pairs.join("; ") : undefined;
  }

  /** The value of one cookie. */
  get(name) {
    return this.#cookies.get(name);
  }

  /** Sets a cookie, or removes it when there is no value. */
  set(name, value) {
    if (value) {
      this.#cookies.set(name, value);
    } else {
      this.#cookies.delete(name);
    }
    for (const headers of this.#headers) {
      this.#write(headers);
    }
  }

  #write(headers) {
    if (this.cookie) {
      headers.cookie = this.cookie;
    } else {
      delete headers.cookie;
    }
  }

  /** Takes over the `Set-Cookie` headers of an answer. */
  remember(headers) {
    for (const { name, value } of setCookies(headers)) {
      this.set(name, value);
    }
  }

  /** A request with the visitor's cookies, whose new cookies are kept. */
  async request(path, { method = "GET", headers = {}, ...rest } = {}) {
    const cookie = this.cookie ? { cookie: this.cookie } : {};
    const response = await request(this.url + path, { method, headers: { ...cookie, ...headers }, ...rest });
    this.remember(response.headers);
    return response;
  }

  post(path, options = {}) {
    return this.request(path, { method: "POST", ...options });
  }

  /** A visitor of the test server who has a session. */
  static async withSession(url, t) {
    const visitor = new Visitor(url, t);
    await visitor.post("/visit");
    if (!visitor.cookie) {
      throw new Error("the visit has set no cookie");
    }
    return visitor;
  }

  /** A socket that is not connected yet: `mode` is one of `MODES`; the other options are socket.io-client's. */
  socket({ mode = "websocket", namespace = "/", headers = {}, ...options } = {}) {
    const extraHeaders = { ...headers };
    this.#write(extraHeaders);
    this.#headers.add(extraHeaders);
    const socket = io(this.url + namespace, {
      transports: TRANSPORTS[mode],
      extraHeaders,
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      timeout: PATIENCE,
      ...options,
    });
    this.t?.after(() => socket.close());
    return socket;
  }

  /** A connected socket; with `upgrade`, one that has been upgraded. */
  async connect(options = {}) {
    const socket = this.socket(options);
    const connected = whenConnected(socket);
    socket.connect();
    await connected;
    if (options.mode === "upgrade") {
      await upgraded(socket);
    }
    return socket;
  }

  /** The `connect_error` of a socket that is not to be let in. */
  async refused(options = {}) {
    const socket = this.socket(options);
    const refusal = within(
      new Promise((resolve, reject) => {
        socket.once("connect_error", resolve);
        socket.once("connect", () => reject(new Error("the socket was let in")));
      }),
      "`connect_error`",
    );
    socket.connect();
    const error = await refusal;
    socket.close();
    return error;
  }
}

/** Resolves at the socket's next `connect`; a `connect_error` meanwhile is an error. */
export function whenConnected(socket) {
  return within(
    new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", (error) => reject(new Error(`connect_error: ${error.message}`, { cause: error })));
    }),
    "`connect`",
  );
}

/** Waits until the transport is a WebSocket. */
export async function upgraded(socket) {
  const { engine } = socket.io;
  if (engine.transport.name !== "websocket") {
    await next(engine, "upgrade");
  }
}

/** Emits, and resolves to the acknowledgement: all of its arguments, so that a test sees that it is one. */
export function emit(socket, event, ...args) {
  return within(
    new Promise((resolve) => socket.emit(event, ...args, (...reply) => resolve(reply))),
    `the acknowledgement of \`${event}\``,
  );
}

/** Emits, and resolves to the one argument of the acknowledgement. */
export async function call(socket, event, ...args) {
  const reply = await emit(socket, event, ...args);
  if (reply.length !== 1) {
    throw new Error(`\`${event}\` was acknowledged with ${reply.length} arguments`);
  }
  return reply[0];
}

/** Emits, and resolves to the error that acknowledges it: `{ code, message }`, and `data` where there is any. */
export async function failure(socket, event, ...args) {
  const reply = await call(socket, event, ...args);
  const { error, ...others } = reply ?? {};
  if (typeof error?.code !== "string" || typeof error.message !== "string" || Object.keys(others).length > 0) {
    throw new Error(`\`${event}\` was acknowledged with no error: ${JSON.stringify(reply)}`);
  }
  return error;
}

/** Emits, and resolves to the code of the error that acknowledges it. */
export async function errorCode(socket, event, ...args) {
  return (await failure(socket, event, ...args)).code;
}
