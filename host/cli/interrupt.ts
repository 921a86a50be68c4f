// SPDX-License-Identifier: GPL-2.0-only
/**
 * Ctrl-C. The first asks the runner to stop at its next boundary and keeps what was measured; the
 * second ends the process at once. SIGTERM and SIGHUP end it at once too, cleaning up on the way.
 */
import type { Stream } from "./terminal.ts";

export const EXIT_INTERRUPTED = 130;

const AT_ONCE = { SIGTERM: 143, SIGHUP: 129 } as const;

export interface Interruption {
  readonly signal: AbortSignal;
  /** Asks the runner to stop, without a word: nobody is left to read what it would measure. */
  abandon(): void;
  /** Gives the signals back to whoever had them. */
  release(): void;
}

/** @param cleanUp - called once, when the process ends before release(); must not wait */
export function watchInterrupts(stderr: Stream, cleanUp: () => void): Interruption {
  const controller = new AbortController();
  const atExit = () => cleanUp();
  const onInterrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    stderr.write("\nstopping, and keeping what was measured; Ctrl-C again stops at once\n");
    controller.abort();
  };
  const atOnce = Object.entries(AT_ONCE).map(([name, status]) => {
    return [name as keyof typeof AT_ONCE, () => process.exit(status)] as const;
  });
  process.on("exit", atExit);
  process.on("SIGINT", onInterrupt);
  for (const [name, handler] of atOnce) process.on(name, handler);
  return {
    signal: controller.signal,
    abandon: () => controller.abort(),
    release() {
      process.off("exit", atExit);
      process.off("SIGINT", onInterrupt);
      for (const [name, handler] of atOnce) process.off(name, handler);
    },
  };
}
