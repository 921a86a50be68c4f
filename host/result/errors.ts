// SPDX-License-Identifier: GPL-2.0-only
/** "Could not run", in two kinds. A violated property is neither: it is part of a result. */

/** The request is at fault: one line that names the option and the value seen. Exit status 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The machine is at fault: it did not boot, stalled, trapped, or lacks something. Exit status 3. */
export class MachineError extends Error {
  override readonly name: string = "MachineError";
}
