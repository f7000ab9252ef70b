// The guide's client in TypeScript, against the declarations that are made out of the handlers.

import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { Visitor } from "./lib/client.mjs";
import { binary, startServer } from "./lib/server.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const guide = fileURLToPath(new URL("../../examples/guide/", import.meta.url));

/** A folder with the guide's client, and with more. */
function folder(t, files = {}) {
  const path = mkdtempSync(join(tmpdir(), "guide-types-"));
  t.after(() => rmSync(path, { recursive: true }));
  for (const name of ["client.ts", "events.d.ts"]) cpSync(join(guide, name), join(path, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** What `tsc --strict` says of these files: for each error its file and line. */
function compile(path, names, options = {}) {
  const program = ts.createProgram(names.map((name) => join(path, name)), {
    strict: true,
    noEmitOnError: true,
    noUncheckedSideEffectImports: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    // the declarations themselves are checked too
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(here, "node_modules/@types")],
    paths: { "socket.io-client": [join(here, "node_modules/socket.io-client")] },
    noEmit: true,
    ...options,
  });
  const found = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  return found.map(({ file, start, messageText }) => ({
    at: file && `${file.fileName.slice(path.length + 1)}:${file.getLineAndCharacterOfPosition(start).line + 1}`,
    message: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}

test("events.d.ts of the guide is what `cargo xtask types` would write", () => {
  const written = execFileSync(binary("GUIDE_BIN"), ["--types"], { encoding: "utf8" });
  assert.equal(readFileSync(join(guide, "events.d.ts"), "utf8"), written);
});

test("the guide's client in TypeScript compiles, and counts", async (t) => {
  const path = folder(t);
  // without this, its imports would be looked for in the temporary folder
  const options = { noEmit: false, outDir: path };
  assert.deepEqual(compile(path, ["client.ts"], options), []);
  const compiled = readFileSync(join(path, "client.js"), "utf8");
  const client = pathToFileURL(join(here, "node_modules/socket.io-client/build/esm-debug/index.js")).href;
  writeFileSync(join(path, "client.mjs"), compiled.replace('"socket.io-client"', JSON.stringify(client)));
  const { add, connect, nextCount, whoami } = await import(pathToFileURL(join(path, "client.mjs")).href);

  const { url } = await startServer({ bin: binary("GUIDE_BIN"), t });
  const visitor = new Visitor(url, t);
  assert.equal((await visitor.post("/login")).status, 204);
  const socket = connect(url, visitor.cookie);
  t.after(() => socket.close());
  assert.equal(await nextCount(socket), 0);
  assert.equal(await add(socket, 2), 2);
  assert.deepEqual(await whoami(socket), { authenticated: true, count: 2 });
  await assert.rejects(add(socket, 0xffff_ffff), { message: "handler: the count is full" });
  const pushed = nextCount(socket);
  await visitor.post("/incr");
  assert.equal(await pushed, 3);
});

const HEAD = `
import { connect } from "./client";
const socket = connect("", "");
`;
const RIGHT = {
  "an event": 'socket.emit("my event", (reply) => { if (typeof reply === "number") reply.toFixed(); });',
  "a payload": 'socket.emit("add", 2, (reply) => { if (typeof reply !== "number") reply.error.code.trim(); });',
  "an acknowledgement": 'const visit = await socket.emitWithAck("whoami"); if (!("error" in visit)) visit.count.toFixed();',
  "what the server sends": 'socket.on("current count", (count) => count.toFixed());',
  "the end": 'socket.on("session_ended", ({ reason }) => { if (reason === "rotated") socket.connect(); });',
  "an error without an acknowledgement": 'socket.on("session_error", ({ error }) => error.event?.trim());',
};
const WRONG = {
  "a wrong event": 'socket.emit("my evnt", () => {});',
  "a wrong payload": 'socket.emit("add", "two", () => {});',
  "no payload": 'socket.emit("add", () => {});',
  "a payload too many": 'socket.emit("my event", 2, () => {});',
  "a wrong acknowledgement": 'socket.emit("add", 2, (reply: string) => reply.trim());',
  "an acknowledgement that might be an error": 'socket.emit("add", 2, (reply) => reply.toFixed());',
  "an event that the server does not send": 'socket.on("currant count", () => {});',
  "another payload of the server's": 'socket.on("current count", (count: string) => count.trim());',
};

test("what is right compiles", (t) => {
  const lines = Object.values(RIGHT);
  const path = folder(t, { "right.ts": HEAD.trim() + "\n" + lines.join("\n") + "\nexport {};\n" });
  assert.deepEqual(compile(path, ["right.ts"]), []);
});

// one file for all, each on a line of its own: the compiler takes its time
test("what is wrong does not compile", async (t) => {
  const path = folder(t, { "wrong.ts": HEAD.trim() + "\n" + Object.values(WRONG).join("\n") + "\nexport {};\n" });
  const errors = compile(path, ["wrong.ts"]);
  for (const [at, what] of Object.keys(WRONG).entries()) {
    await t.test(what, () => {
      const here = errors.filter((error) => error.at === `wrong.ts:${at + 3}`);
      assert.equal(here.length, 1, JSON.stringify(errors));
    });
  }
  assert.equal(errors.length, Object.keys(WRONG).length, JSON.stringify(errors));
});
