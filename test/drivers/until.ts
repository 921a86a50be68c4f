// SPDX-License-Identifier: GPL-2.0-only
/** Waiting in a test: never without an end. */

const DEADLINE_MS = 10_000;

/** Tries `condition` again and again until it holds. @throws when it does not within 10 s */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/**
 * A call whose answer comes later. When the test fails before that, and the machine is closed, nobody
 * awaits it any more: its rejection must not end the process.
 */
export function inFlight<T>(call: Promise<T>): Promise<T> {
  call.catch(() => undefined);
  return call;
}
