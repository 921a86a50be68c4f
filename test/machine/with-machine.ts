// SPDX-License-Identifier: GPL-2.0-only
import * as assert from "uvu/assert";
import { boot, type Machine, type MachineOptions } from "../../host/machine/machine.ts";

/** Runs `body` on a machine of its own, and closes that whatever happens. */
export async function withMachine(
  options: MachineOptions,
  body: (machine: Machine) => Promise<void>,
): Promise<void> {
  const machine = await boot({ deadlineMs: 20_000, ...options });
  try {
    await body(machine);
  } finally {
    await machine.close();
  }
}

/** Fails unless `promise` rejects with such a message. @returns the error */
export async function rejects(promise: Promise<unknown>, message: RegExp): Promise<Error> {
  let error: unknown;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  assert.instance(error, Error, `nothing was thrown; wanted ${message}`);
  assert.match((error as Error).message, message);
  return error as Error;
}

/** Polls until `condition` holds. */
export async function until(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `not within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
