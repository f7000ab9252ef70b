// What the test server tells about itself.

import { Visitor, until } from "./client.mjs";

/** What the visitor's session holds now: `{ authenticated, count, trail, visits }`. */
export async function read(visitor) {
  const response = await visitor.request("/read");
  if (response.status !== 200) {
    throw new Error(`GET /read: ${response.status}`);
  }
  return response.json();
}

/** What handlers have noted outside of any session. */
export async function notes(url) {
  return (await new Visitor(url).request("/notes")).json();
}

/** Waits until a handler has noted `note`. */
export function noted(url, note) {
  return until(async () => (await notes(url)).includes(note), `\`${note}\` is noted`);
}

/** Turns the switches of the store (`down=true`, `delay=100`); returns how many writes it has done. */
export async function store(url, switches = "") {
  const response = await new Visitor(url).post(`/store?${switches}`);
  return Number(response.text);
}
