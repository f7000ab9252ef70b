// `examples/guide` as a program: its options, its page and the client that the page loads.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { Visitor, call, within } from "./lib/client.mjs";
import { binary, startServer } from "./lib/server.mjs";

const CLIENT = new URL("../../examples/guide/node_modules/socket.io-client/dist/", import.meta.url);
const bin = binary("GUIDE_BIN");

/** Runs the guide until it ends by itself. */
async function run(t, ...args) {
  const child = spawn(bin, args, { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => (output[stream] += text));
  }
  const [status] = await within(once(child, "close"), `the end of \`guide ${args.join(" ")}\``);
  return { status, ...output };
}

/** It says in one line what is wrong, and ends with status 1. */
async function fails(t, args, line) {
  const { status, stdout, stderr } = await run(t, "--listen", "127.0.0.1:0", ...args);
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.match(stderr, line);
  assert.equal(stderr.trimEnd().split("\n").length, 1, `more than one line: ${stderr}`);
}

describe("the options of the guide", () => {
  test("an unknown store", (t) => fails(t, ["--store", "paper"], /^error: .*'paper'.*unknown store/));
  for (const [url, line] of [
    ["redis:here", /^error: this is no Redis URL/],
    ["postgres:here", /^error: this is no Postgres URL/],
    ["postgres://user:secret@127.0.0.1:1/app", /^error: cannot reach Postgres at 127.0.0.1:1: (?!.*secret)/],
    ["sqlite:", /^error: this is no SQLite URL.*it names no file/],
    ["sqlite:/no/such/folder/x.db", /^error: SQLite cannot use \/no\/such\/folder\/x.db: /],
  ]) {
    test(`--store ${url}`, (t) => fails(t, ["--store", url], line));
  }
  for (const ttl of ["0", "-5", "soon", "1.5", "99999999999999999999"]) {
    test(`--ttl ${ttl}`, (t) => fails(t, [`--ttl=${ttl}`], /^error: .*--ttl.*whole number of seconds/));
  }
  test("an unknown option", (t) => fails(t, ["--colour"], /^error: .*--colour/));

  test("a port in use", async (t) => {
    const other = createServer().listen(0, "127.0.0.1");
    t.after(() => other.close());
    await once(other, "listening");
    const address = `127.0.0.1:${other.address().port}`;
    const { status, stdout, stderr } = await run(t, "--listen", address);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`^error: cannot listen on ${address}: .*in use.*\\n$`));
  });

  test("an address that is none", async (t) => {
    const { status, stderr } = await run(t, "--listen", "here");
    assert.equal(status, 1);
    assert.match(stderr, /^error: cannot listen on here: .*\n$/);
  });

  test("--help", async (t) => {
    const { status, stdout } = await run(t, "--help");
    assert.equal(status, 0);
    for (const option of ["--listen", "--store", "--ttl", "--create"]) {
      assert.ok(stdout.includes(option), `${option} is not in ${stdout}`);
    }
  });
});

describe("what the guide serves", () => {
  test("the page", async (t) => {
    const { url } = await startServer({ bin, t });
    const { status, headers, text } = await new Visitor(url, t).request("/");
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    assert.equal(headers["set-cookie"], undefined);
    assert.match(text, /^<!doctype html>/);
  });

  test("the Socket.IO client, beside Socket.IO itself", async (t) => {
    const { url } = await startServer({ bin, t });
    const visitor = new Visitor(url, t);
    const client = await visitor.request("/socket.io/socket.io.js");
    assert.equal(client.status, 200);
    assert.match(client.headers["content-type"], /^text\/javascript/);
    assert.equal(client.text, await readFile(new URL("socket.io.min.js", CLIENT), "utf8"));
    const map = await visitor.request("/socket.io/socket.io.min.js.map");
    assert.equal(map.status, 200);
    assert.equal(map.text, await readFile(new URL("socket.io.min.js.map", CLIENT), "utf8"));

    await visitor.post("/login");
    const socket = await visitor.connect({ mode: "upgrade" });
    assert.equal(await call(socket, "my event"), 1);
  });

  test("a visitor of no known path gets 404 and no cookie", async (t) => {
    const { url } = await startServer({ bin, t });
    const { status, headers } = await new Visitor(url, t).request("/nowhere");
    assert.equal(status, 404);
    assert.equal(headers["set-cookie"], undefined);
  });
});
