// A client of this program, in TypeScript: what it sends and hears is checked against events.d.ts, which is made out of
// the handlers.

import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ErrorReply, ServerToClientEvents, Visit } from "./events";

export type GuideSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** Connects with the cookie that `POST /login` has set; in a page, the browser sends it. */
export function connect(url: string, cookie: string): GuideSocket {
  return io(url, { extraHeaders: { cookie } });
}

/** Counts up, and returns the new count. */
export async function add(socket: GuideSocket, by: number): Promise<number> {
  return unlessRefused(await socket.timeout(10_000).emitWithAck("add", by));
}

export async function whoami(socket: GuideSocket): Promise<Visit> {
  return unlessRefused(await socket.timeout(10_000).emitWithAck("whoami"));
}

/** The next count that the server sends. */
export function nextCount(socket: GuideSocket): Promise<number> {
  return new Promise((resolve) => socket.once("current count", resolve));
}

function unlessRefused<T>(reply: T | ErrorReply): T {
  if (isError(reply)) throw new Error(`${reply.error.code}: ${reply.error.message}`);
  return reply;
}

function isError(reply: unknown): reply is ErrorReply {
  return typeof reply === "object" && reply !== null && "error" in reply;
}
