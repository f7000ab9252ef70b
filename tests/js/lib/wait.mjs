// Waits that always end.

/** How long anything may take before a test gives up on it. Generous: it bounds, it does not measure. */
export const PATIENCE = 15_000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `promise`, or an error that says what was waited for. */
export function within(promise, what, ms = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The arguments of the next `event` of a socket, a manager or an engine. */
export function next(emitter, event, ms = PATIENCE) {
  return within(
    new Promise((resolve) => emitter.once(event, (...args) => resolve(args))),
    `\`${event}\``,
    ms,
  );
}

/** Waits until `condition` (which may be async) holds, and returns what it returned. */
export async function until(condition, what, ms = PATIENCE) {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await condition();
    if (found) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${ms} ms until ${what}`);
    }
    await sleep(20);
  }
}
