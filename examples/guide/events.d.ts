// Made out of the handlers, by `Namespace::typescript` of socket-session: not to be changed by hand.
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();

/**
 * The view that every handler here takes: each field is one key of the session's record.
 */
export type Visit = { authenticated: boolean, count: number, };

/** An acknowledgement that says why nothing was done, or nothing is saved. */
export interface ErrorReply {
  error: {
    /** For programs. */
    code: string;
    /** For people. */
    message: string;
    data?: unknown;
    /** What was sent, in the event `session_error`. */
    event?: string;
  };
}

/** What a client sends. */
export interface ClientToServerEvents {
  /** Adds so much to the count. */
  "add": (data: number, acknowledge: (reply: number | ErrorReply) => void) => void;
  /** Adds one to the count. */
  "my event": (acknowledge: (reply: number | ErrorReply) => void) => void;
  /** The session as it is now. */
  "whoami": (acknowledge: (reply: Visit | ErrorReply) => void) => void;
}

/** What the server sends. */
export interface ServerToClientEvents {
  /** The count: when a socket connects, and whenever HTTP has counted. */
  "current count": (data: number) => void;
  /** The connection is about to be ended. */
  "session_ended": (data: { reason: "logout" | "expired" | "rotated" | "replaced" | "demoted" | "shutting_down" }) => void;
  /** An event that asked for no acknowledgement has failed. */
  "session_error": (data: ErrorReply) => void;
}
