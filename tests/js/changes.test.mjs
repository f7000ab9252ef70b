// Promise 4: only what changed is written, and writers of different keys never undo each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Visitor, call } from "./lib/client.mjs";
import { noted, read, store } from "./lib/probe.mjs";
import { startTestServer } from "./lib/server.mjs";

async function start(t) {
  const server = await startTestServer(t);
  const visitor = await Visitor.withSession(server.url, t);
  return { url: server.url, visitor, socket: await visitor.connect() };
}

const plain = async (visitor, key) => (await visitor.request(`/plain?key=${key}`)).json();

test("4: a handler that changed nothing writes nothing", async (t) => {
  const { url, socket } = await start(t);
  await call(socket, "incr");
  const writes = await store(url);
  assert.equal(await call(socket, "idle"), 1);
  assert.equal((await call(socket, "read")).count, 1);
  assert.equal(await store(url), writes);
  await call(socket, "incr");
  assert.ok((await store(url)) > writes, "the counter of writes counts");
});

test("4: a plain session that writes another key undoes no typed write", async (t) => {
  const { url, visitor, socket } = await start(t);
  const writing = visitor.post('/plain?key=colour&value="red"&wait=600');
  await noted(url, "plain colour");
  for (let count = 1; count <= 5; count++) {
    assert.equal(await call(socket, "incr"), count);
  }
  assert.equal((await writing).status, 204);
  assert.equal((await read(visitor)).count, 5);
  assert.equal(await plain(visitor, "colour"), "red");
});

test("4: nor does an explicit save, or the end of the request after it", async (t) => {
  const { url, visitor, socket } = await start(t);
  const writing = visitor.post('/plain?key=colour&value="red"&wait=300&save=true');
  await noted(url, "plain colour");
  await call(socket, "incr");
  await noted(url, "plain saved colour");
  assert.equal(await plain(visitor, "colour"), "red", "saved before the request ends");
  assert.equal(await call(socket, "incr"), 2);
  assert.equal((await writing).status, 204);
  assert.equal((await read(visitor)).count, 2);
  assert.equal(await plain(visitor, "colour"), "red");
});

test("4: plain sessions that write different keys at once keep both", async (t) => {
  const { url, visitor } = await start(t);
  const both = [
    visitor.post('/plain?key=colour&value="red"&wait=400'),
    visitor.post('/plain?key=shape&value="round"&wait=300'),
  ];
  await noted(url, "plain colour");
  await noted(url, "plain shape");
  await Promise.all(both);
  assert.equal(await plain(visitor, "colour"), "red");
  assert.equal(await plain(visitor, "shape"), "round");
});

test("4: on the same key the later save wins", async (t) => {
  const { url, visitor } = await start(t);
  const later = visitor.post('/plain?key=colour&value="later"&wait=600');
  await noted(url, "plain colour");
  await visitor.post('/plain?key=colour&value="sooner"');
  await later;
  assert.equal(await plain(visitor, "colour"), "later");
});

test("4: typed and plain sessions in one request keep both", async (t) => {
  const { visitor, socket } = await start(t);
  await call(socket, "incr");
  assert.equal((await visitor.post("/plain/mixed")).status, 204);
  assert.equal((await read(visitor)).count, 2);
  assert.equal(await plain(visitor, "colour"), "green");
});

test("4: views write their own keys, and keys that no view names stay", async (t) => {
  const { visitor, socket } = await start(t);
  await visitor.post('/plain?key=colour&value="red"');
  assert.deepEqual(await call(socket, "buy", "tea"), [0, 1]);
  assert.equal(await call(socket, "incr"), 1);
  assert.deepEqual(await call(socket, "buy", "milk"), [1, 2]);
  assert.deepEqual(await (await visitor.request("/cart")).json(), ["tea", "milk"]);
  assert.deepEqual(await plain(visitor, "cart.items"), ["tea", "milk"], "the key with its prefix");
  assert.equal(await plain(visitor, "colour"), "red");
});

test("typed accessors are there on both kinds of session", async (t) => {
  const { visitor, socket } = await start(t);
  const fields = async () => (await visitor.request("/fields")).json();
  assert.equal((await visitor.post("/fields?count=5&plain=false")).status, 204);
  assert.deepEqual(await fields(), { plain: 5, typed: 5 });
  assert.equal((await visitor.post("/fields?count=8&plain=true")).status, 204);
  assert.deepEqual(await fields(), { plain: 8, typed: 8 });
  assert.equal(await call(socket, "incr"), 9);
});

test("a stored value that does not fit is `session_corrupt`, names the key and is left as it is", async (t) => {
  const { visitor, socket } = await start(t);
  await visitor.post('/plain?key=count&value="hunter2"');
  const { error } = await call(socket, "incr");
  assert.equal(error.code, "session_corrupt");
  assert.match(error.message, /count/);
  assert.match(error.message, /u32/);
  assert.doesNotMatch(error.message, /hunter2/);
  assert.equal(await plain(visitor, "count"), "hunter2");
  const response = await visitor.post("/incr");
  assert.equal(response.status, 500);
  assert.doesNotMatch(response.text, /hunter2/);
});
