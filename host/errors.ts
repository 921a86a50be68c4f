// SPDX-License-Identifier: GPL-2.0-only
/**
 * What "could not run" looks like: an exception with one clear line and an exit status. A property
 * that does not hold is a result, never one of these.
 */

/** The caller asked for something that makes no sense: the message names the option and the value. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly exitStatus = 2;
}

/** The machine could not do its work. */
export class MachineError extends Error {
  override name = "MachineError";
  readonly exitStatus = 3;
}

/** It did not come up. */
export class BootError extends MachineError {
  override name = "BootError";
}

/** A wait passed its deadline; the message says which CPU waits where. */
export class StallError extends MachineError {
  override name = "StallError";
}

/** What a CPU that trapped left behind. */
export interface PanicRecord {
  readonly cpu: number;
  /** Name of the BUG_* constant, or null when the trap was none of the kernel's own. */
  readonly bug: string | null;
  readonly a: number;
  readonly b: number;
  /** What was being run: the export, and the gate when the job named one. */
  readonly fn: string;
  readonly gate: string | null;
  /** Innermost first: `down_read (assembly/kernel/locking/rwsem.ts:41)`. */
  readonly stack: readonly string[];
}

/** A CPU trapped, or its worker died. */
export class PanicError extends MachineError {
  override name = "PanicError";
  readonly panic: PanicRecord;

  constructor(message: string, panic: PanicRecord, options?: ErrorOptions) {
    super(message, options);
    this.panic = panic;
  }
}
