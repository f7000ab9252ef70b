// The guide in Rust and the guide in JavaScript, side by side: what clients see of both is the same,
// but for what `differences.md` lists.

import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { MODES, Visitor } from "./lib/client.mjs";
import { binary, startServer } from "./lib/server.mjs";
import { scenarios } from "./guide/scenarios.mjs";
import { compare, listed, play } from "./guide/transcript.mjs";

process.setMaxListeners(50);

const REFERENCE = fileURLToPath(new URL("reference/server.mjs", import.meta.url));
const differences = listed();

// One server for each set of options, shared by the scenarios.
const servers = new Map();
function server(bin, args) {
  const key = [bin, ...args].join(" ");
  if (!servers.has(key)) {
    servers.set(key, startServer({ bin, args }));
  }
  return servers.get(key);
}
after(async () => {
  for (const started of await Promise.allSettled(servers.values())) {
    await started.value?.stop();
  }
});

describe("the guide in Rust and in JavaScript", { concurrency: 9 }, () => {
  for (const scenario of scenarios) {
    for (const mode of MODES) {
      test(`${scenario.name} (${mode})`, async (t) => {
        const { args = [], guide = [] } = scenario;
        const [theirs, ours] = await Promise.all([
          server(process.execPath, [REFERENCE, ...args, ...guide]),
          server(binary("GUIDE_BIN"), args),
        ]);
        const seen = await Promise.all(
          [theirs, ours].map(({ url }) => play(scenario, { visitor: new Visitor(url, t), mode })),
        );
        const wrong = compare({ scenario: scenario.name, mode, guide: seen[0], here: seen[1], differences });
        assert.ok(wrong.length === 0, wrong.join("\n"));
      });
    }
  }
});

test("differences.md names scenarios and modes that there are", () => {
  const names = scenarios.map(({ name }) => name);
  for (const { scenario, modes = [] } of differences) {
    assert.ok(names.includes(scenario), `no scenario "${scenario}"`);
    for (const mode of modes) {
      assert.ok(MODES.includes(mode), `no mode "${mode}"`);
    }
  }
});
