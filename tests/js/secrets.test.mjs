// Session ids are credentials: they appear in no log and in no answer but the cookie.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Visitor, call, failure, next, until } from "./lib/client.mjs";
import { open, post } from "./lib/engine.mjs";
import { store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

/** The forms in which an id could be written: as in the cookie, in hexadecimal, and as the number that it is. */
function forms(sid) {
  const bytes = Buffer.from(sid, "base64url");
  const little = bytes.readBigUInt64LE(0) + (bytes.readBigInt64LE(8) << 64n);
  const big = (bytes.readBigInt64BE(0) << 64n) + bytes.readBigUInt64BE(8);
  const reversed = Buffer.from(bytes).reverse();
  return [sid, bytes.toString("hex"), reversed.toString("hex"), bytes.toString("base64"), `${little}`, `${big}`];
}

test("no session id is in the log, whatever happens", async (t) => {
  const RUST_LOG = "info,socket_session=trace,socket_session_runtime=trace,test_server=trace";
  const server = await startTestServer(t, ["--create", "--handler-timeout", "300"], { RUST_LOG });
  const ids = new Set();
  const visitor = new Visitor(server.url, t);
  const keep = () => ids.add(visitor.get("sid"));

  await visitor.post("/visit");
  keep();
  const socket = await visitor.connect({ mode: "upgrade" });
  await call(socket, "incr");
  for (const event of ["fail", "fail hidden", "panic", "hang", "unwritable reply", "number"]) {
    await failure(socket, event);
  }
  const closed = next(socket, "disconnect");
  await visitor.post("/login");
  keep();
  await closed;
  await open(server.url, { cookie: visitor.cookie, origin: "http://evil.example" });
  const victim = await open(server.url, { cookie: visitor.cookie });
  await post(server.url, victim.sid, "40", {});
  await visitor.post('/plain?key=count&value="many"');
  await visitor.post("/incr");
  await store(server.url, "down=true");
  await visitor.post("/incr");
  await open(server.url, { cookie: visitor.cookie });
  await store(server.url, "down=false");
  await visitor.post("/logout");
  visitor.remember((await open(server.url)).headers);
  keep();

  assert.equal(ids.size, 3);
  assert.ok([...ids].every(Boolean));
  // What the log has to say arrives a little later.
  await until(() => server.log().includes("evil.example"), "the refusal is logged");
  await server.stop();
  for (const id of ids) {
    for (const form of forms(id)) {
      assert.ok(!server.log().includes(form), "an id was logged");
    }
  }
});
