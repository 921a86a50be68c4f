// SPDX-License-Identifier: GPL-2.0-only

/** No room for another table, which the engine says in more than one way. */
export function isOutOfMemory(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return true;
  return error instanceof RangeError && /allocation|array length|memory/i.test(message);
}
