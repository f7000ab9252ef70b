// One scenario for each thing that the guide shows; `differences.md` refers to scenarios and steps by their names.
//
// A scenario gets a new visitor, the mode of its sockets, and `note`, which writes down what was seen.
// `guide` are the options that the reference needs for it, `args` those of both servers.

import { open, upgrade } from "../lib/engine.mjs";
import { Visitor, call, sleep } from "../lib/client.mjs";
import { ask, attributesInWords, cookieInWords, http, join } from "./watch.mjs";

/** The first answer of a handshake, which may carry a cookie. */
function handshake(visitor, mode) {
  const headers = visitor.cookie ? { cookie: visitor.cookie } : {};
  return mode === "websocket" ? upgrade(visitor.url, { headers }) : open(visitor.url, headers);
}

export const scenarios = [
  {
    name: "1st use case: a visitor without a session",
    async play({ visitor, mode, note }) {
      note("GET /session", await http(visitor, "GET", "/session"));
      note("handshake", cookieInWords(undefined, await handshake(visitor, mode)) || "no cookie");
      const root = await join(visitor, mode);
      note("connect to /", await root.saw());
      const visitors = await join(visitor, mode, "/visitors");
      note("connect to /visitors", await visitors.saw());
      note("my event on /visitors", await ask(visitors, "my event"));
      note("GET /session afterwards", await http(visitor, "GET", "/session"));
    },
  },
  {
    name: "1st use case: login",
    async play({ visitor, mode, note }) {
      const login = await visitor.post("/login");
      note("POST /login", `${login.status}, ${cookieInWords(undefined, login)}`);
      note("attributes of the cookie", attributesInWords(login));
      note("GET /session", await http(visitor, "GET", "/session"));
      const root = await join(visitor, mode);
      note("connect to /", await root.saw());
      note("whoami", await ask(root, "whoami"));
      root.socket.close();

      const stolen = new Visitor(visitor.url);
      stolen.set("sid", visitor.get("sid"));
      note("POST /login again", await http(visitor, "POST", "/login"));
      note("GET /session with the cookie of before", await http(stolen, "GET", "/session"));
    },
  },
  {
    name: "1st use case: a visitor who is connected logs in",
    async play({ visitor, mode, note }) {
      note("POST /incr", await http(visitor, "POST", "/incr"));
      const visitors = await join(visitor, mode, "/visitors", { reconnection: true });
      note("connect to /visitors", await visitors.saw());
      note("my event", await ask(visitors, "my event"));
      note("POST /login", await http(visitor, "POST", "/login"));
      note("the socket", await visitors.saw());
      note("my event after the login", await ask(visitors, "my event"));
      const root = await join(visitor, mode);
      note("connect to /", await root.saw());
    },
  },
  {
    name: "2nd use case: Socket.IO creates the session",
    args: ["--create"],
    play: create,
  },
  {
    name: "2nd use case: with saveUninitialized",
    args: ["--create"],
    guide: ["--save-uninitialized"],
    play: create,
  },
  {
    name: "Modifying the session",
    async play(stage) {
      const { visitor, mode, note } = stage;
      await modify(stage);
      const root = await join(visitor, mode);
      note("connect again", await root.saw());
      note("add 5", await ask(root, "add", 5));
      note("add to the limit", await ask(root, "add", 0xffff_ffff - 10));
      note("add beyond the limit", await ask(root, "add", 1));
      note("whoami after that", await ask(root, "whoami"));
      note("GET /session", await http(visitor, "GET", "/session"));
    },
  },
  {
    name: "Modifying the session: with a middleware for each packet",
    guide: ["--packet-middleware"],
    play: modify,
  },
  {
    name: "Modifying the session: with a reference from before the reload",
    guide: ["--stale-reference"],
    play: modify,
  },
  {
    name: "Modifying the session: what is not a number",
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const root = await join(visitor, mode);
      note("add 5", await ask(root, "add", 5));
      note('add "five"', await ask(root, "add", "five"));
      note("whoami", await ask(root, "whoami"));
    },
  },
  {
    name: "Modifying the session: two tabs, and a push from HTTP",
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const [one, two] = [await join(visitor, mode), await join(visitor, mode)];
      const visitors = await join(visitor, mode, "/visitors");
      const stranger = new Visitor(visitor.url);
      await stranger.post("/login");
      const other = await join(stranger, mode);
      await Promise.all([one, two, visitors, other].map((tab) => tab.saw()));

      note("my event in the first tab", await ask(one, "my event"));
      note("my event in the second tab", await ask(two, "my event"));
      note("my event on /visitors", await ask(visitors, "my event"));
      note("whoami in the first tab", await ask(one, "whoami"));
      note("POST /incr", await http(visitor, "POST", "/incr"));
      note("the first tab", await one.saw());
      note("the second tab", await two.saw());
      note("/visitors", await visitors.saw());
      note("another visitor", await other.saw());
    },
  },
  {
    name: "Modifying the session: the page is loaded again",
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const before = await join(visitor, mode);
      note("my event", await ask(before, "my event"));
      before.socket.close();
      const after = await join(visitor, mode);
      note("connect again", await after.saw());
      note("my event after that", await ask(after, "my event"));
    },
  },
  {
    name: "Modifying the session: 100 events at once",
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const { socket } = await join(visitor, mode);
      const counts = await Promise.all(Array.from({ length: 100 }, () => call(socket, "my event")));
      note("acknowledgements", counts.every((count, index) => count === index + 1) ? "1 to 100, in order" : "the same ones more than once");
      const { count } = await call(socket, "whoami");
      note("the count", count === 100 ? "100" : "fewer than 100");
    },
  },
  {
    name: "Modifying the session: 50 sockets and 50 requests at once",
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const tabs = await Promise.all(Array.from({ length: 50 }, () => join(visitor, mode)));
      await Promise.all(tabs.flatMap(({ socket }) => [call(socket, "my event"), visitor.post("/incr")]));
      const { count } = await call(tabs[0].socket, "whoami");
      note("the count", count === 100 ? "100" : "fewer than 100");
    },
  },
  {
    name: "Handling logout",
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const tabs = { "the first tab": await join(visitor, mode), "the second tab": await join(visitor, mode) };
      const visitors = await join(visitor, mode, "/visitors");
      for (const tab of [...Object.values(tabs), visitors]) {
        await tab.saw();
      }
      const before = new Visitor(visitor.url);
      before.set("sid", visitor.get("sid"));

      note("POST /logout", await http(visitor, "POST", "/logout"));
      for (const [name, tab] of Object.entries(tabs)) {
        note(name, await tab.saw());
        note(`${name} comes back by itself`, tab.socket.active);
      }
      note("/visitors", await visitors.saw());
      note("GET /session", await http(visitor, "GET", "/session"));
      note("GET /session with the cookie of before", await http(before, "GET", "/session"));
      note("connect to / with the cookie of before", await (await join(before, mode)).saw());
      note("POST /logout again", await http(visitor, "POST", "/logout"));
      note("POST /login", await http(visitor, "POST", "/login"));
      note("connect to / after the login", await (await join(visitor, mode)).saw());
    },
  },
  {
    name: "Handling session expiration: a socket that only listens",
    args: ["--ttl", "3"],
    guide: ["--reload-interval", "500"],
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const root = await join(visitor, mode, "/", { reconnection: true });
      note("connect to /", await root.saw());
      await sleep(5_000);
      note("the socket", await root.saw());
      note("GET /session", await http(visitor, "GET", "/session"));
    },
  },
  {
    name: "Handling session expiration: an event after it",
    args: ["--ttl", "3"],
    async play({ visitor, mode, note }) {
      await visitor.post("/login");
      const root = await join(visitor, mode);
      note("my event", await ask(root, "my event"));
      await sleep(5_000);
      note("my event after it", await ask(root, "my event"));
      await root.saw();
      note("connect again", await (await join(visitor, mode)).saw());
    },
  },
];

async function modify({ visitor, mode, note }) {
  await visitor.post("/login");
  const root = await join(visitor, mode);
  note("connect to /", await root.saw());
  note("my event", await ask(root, "my event"));
  note("my event again", await ask(root, "my event"));
  root.socket.emit("my event");
  // the guide's handlers overtake each other
  await sleep(200);
  note("whoami after one without acknowledgement", await ask(root, "whoami"));
  note("POST /incr", await http(visitor, "POST", "/incr"));
  note("what it pushed", await root.saw());
  note("my event after POST /incr", await ask(root, "my event"));
  note("whoami", await ask(root, "whoami"));
  root.socket.close();
}

async function create({ visitor, mode, note }) {
  const first = await handshake(visitor, mode);
  visitor.remember(first.headers);
  note("handshake", cookieInWords(undefined, first) || "no cookie");
  note("attributes of the cookie", attributesInWords(first));
  note("the next handshake", cookieInWords(visitor.get("sid"), await handshake(visitor, mode)) || "no cookie");
  const visitors = await join(visitor, mode, "/visitors");
  note("connect to /visitors", await visitors.saw());
  note("my event", await ask(visitors, "my event"));
  note("my event again", await ask(visitors, "my event"));
  visitors.socket.close();
  note("connect to /visitors again", await (await join(visitor, mode, "/visitors")).saw());
  note("GET /session afterwards", await http(visitor, "GET", "/session"));
  note("connect to /", await (await join(visitor, mode)).saw());
  note("POST /login", await http(visitor, "POST", "/login"));
  note("connect to / after the login", await (await join(visitor, mode)).saw());
}
