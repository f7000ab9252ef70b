// The Socket.IO guide "How to use with express-session" as a program, with the routes and events of `examples/guide`.
// It is what the Rust guide is compared with, so it follows the guide's own code to the letter, faults included.

import { parseArgs } from "node:util";
import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { RedisStore } from "connect-redis";
import { createClient } from "redis";
import { Server } from "socket.io";

const { values: options } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:3000" },
    // where the sessions are kept: memory, or redis://…
    store: { type: "string", default: "memory" },
    ttl: { type: "string" },
    // the second use case
    create: { type: "boolean", default: false },
    // what it takes for the second use case to set a cookie
    "save-uninitialized": { type: "boolean", default: false },
    // "You can also use a middleware which will be triggered for each incoming packet"
    "packet-middleware": { type: "boolean", default: false },
    // the same with the mistake that the guide's caution is about
    "stale-reference": { type: "boolean", default: false },
    "reload-interval": { type: "string", default: String(30 * 1000) },
  },
});

const app = express();
const httpServer = createServer(app);

// without one, express-session keeps them in memory
const store = options.store === "memory" ? undefined : new RedisStore({ client: await redis(options.store) });

function redis(url) {
  return createClient({ url }).connect();
}

const sessionMiddleware = session({
  store,
  name: "sid",
  secret: "changeit",
  resave: false,
  saveUninitialized: options["save-uninitialized"],
  cookie: options.ttl ? { maxAge: options.ttl * 1000 } : {},
});

// The guide writes `count++`, which is NaN where there was no count.
const incremented = (session) => (session.count ?? 0) + 1;
const status = (session) => ({ authenticated: session.authenticated ?? false, count: session.count ?? 0 });

app.use(sessionMiddleware);

app.get("/session", (req, res) => {
  res.json(status(req.session));
});

app.post("/login", (req, res) => {
  req.session.authenticated = true;
  res.status(204).end();
});

// as in the example that the guide links to
app.post("/incr", (req, res) => {
  const { session } = req;
  session.count = incremented(session);
  res.status(200).end(String(session.count));
  io.to(session.id).emit("current count", session.count);
});

app.post("/logout", (req, res) => {
  const sessionId = req.session.id;

  req.session.destroy(() => {
    // disconnect all Socket.IO connections linked to this session ID
    io.to(sessionId).disconnectSockets();
    res.status(204).end();
  });
});

const io = new Server(httpServer, options.create ? { allowRequest } : {});

function allowRequest(req, callback) {
  // with HTTP long-polling, we have access to the HTTP response here, but this is not
  // the case with WebSocket, so we provide a dummy response object
  const fakeRes = {
    getHeader() {
      return [];
    },
    setHeader(key, values) {
      req.cookieHolder = values[0];
    },
    writeHead() {},
  };
  sessionMiddleware(req, fakeRes, () => {
    if (req.session) {
      // trigger the setHeader() above
      fakeRes.writeHead();
      // manually save the session (normally triggered by res.end())
      req.session.save();
    }
    callback(null, true);
  });
}

if (options.create) {
  io.engine.on("initial_headers", (headers, req) => {
    if (req.cookieHolder) {
      headers["set-cookie"] = req.cookieHolder;
      delete req.cookieHolder;
    }
  });
}

// convert a connect middleware to a Socket.IO middleware
const wrap = (middleware) => (socket, next) => middleware(socket.request, {}, next);

io.use(wrap(sessionMiddleware));

// only allow authenticated users
io.use((socket, next) => {
  const session = socket.request.session;
  if (session && session.authenticated) {
    next();
  } else {
    next(new Error("unauthorized"));
  }
});

io.of("/visitors").use(wrap(sessionMiddleware));

io.of("/visitors").use((socket, next) => {
  if (socket.request.session) {
    next();
  } else {
    next(new Error("no session"));
  }
});

io.on("connection", (socket) => {
  connected(socket);

  socket.on("add", (by, ack) => {
    reloaded(socket, (session) => {
      const count = (session().count ?? 0) + by;
      if (count > 0xffff_ffff) {
        return ack?.({ error: { code: "handler", message: "the count is full" } });
      }
      session().count = count;
      session().save(() => ack?.(session().count));
    });
  });

  socket.on("whoami", (ack) => {
    reloaded(socket, (session) => ack?.(status(session())));
  });
});

io.of("/visitors").on("connection", connected);

function connected(socket) {
  const req = socket.request;

  socket.join(req.session.id);
  socket.emit("current count", status(req.session).count);

  if (options["packet-middleware"]) {
    socket.use((__, next) => {
      req.session.reload((err) => {
        if (err) {
          socket.disconnect();
        } else {
          next();
        }
      });
    });
  }

  if (options["stale-reference"]) {
    const session = socket.request.session;
    socket.data.stale = session;
    socket.use((__, next) => {
      session.reload(() => {
        // WARNING! "session" still points towards the previous session object
        next();
      });
    });
  }

  socket.on("my event", (ack) => {
    reloaded(socket, (session) => {
      session().count = incremented(session());
      session().save(() => ack?.(session().count));
    });
  });

  const timer = setInterval(() => {
    socket.request.session.reload((err) => {
      if (err) {
        // forces the client to reconnect
        socket.conn.close();
      }
    });
  }, Number(options["reload-interval"]));

  socket.on("disconnect", () => {
    clearInterval(timer);
  });
}

/** Reloads the session, unless a middleware has done so; `use` gets a function, as each reload replaces the object. */
function reloaded(socket, use) {
  const req = socket.request;
  if (options["packet-middleware"]) {
    return use(() => req.session);
  }
  if (options["stale-reference"]) {
    return use(() => socket.data.stale);
  }
  req.session.reload((err) => {
    if (err) {
      return socket.disconnect();
    }
    use(() => req.session);
  });
}

const [host, port] = options.listen.split(":");
httpServer.listen(Number(port), host, () => {
  const { address, port } = httpServer.address();
  console.log(`listening on http://${address}:${port}`);
});
