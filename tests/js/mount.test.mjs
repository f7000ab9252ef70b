// Where the layer is mounted: over the router, over one route, or (a mistake that is explained) once for each method.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MODES, Visitor, call, until } from "./lib/client.mjs";
import { open, post } from "./lib/engine.mjs";
import { startTestServer } from "./lib/server.mjs";

for (const mode of MODES) {
  test(`one layer over one route, which axum applies to each method, is one engine (${mode})`, async (t) => {
    const { url } = await startTestServer(t, ["--mount", "route"]);
    const socket = await new Visitor(url, t).connect({ mode });
    assert.equal(await call(socket, "echo", 1), 1);
  });
}

test("two layers, so that GET and POST meet different engines, are detected and explained", async (t) => {
  const server = await startTestServer(t, ["--mount", "split"]);
  const { sid } = await open(server.url);
  const response = await post(server.url, sid, "40");
  assert.ok(response.status >= 400, `${response.status} ${response.text}`);
  const line = await until(
    () => server.log().split("\n").find((line) => line.includes("different engines")),
    "the mistake is explained",
  );
  assert.match(line, /ERROR/);
  assert.match(line, /sessions\.layer/, "it names what to change");
});
