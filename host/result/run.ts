// SPDX-License-Identifier: GPL-2.0-only
/**
 * How a command runs a capability. A runner prints nothing and reads no flag: it takes what was
 * asked, says how far it is, and returns a result.
 *
 * A runner whose signal is aborted stops at the next boundary (a round, a storm), ends its machines,
 * and *returns* what it has with `interrupted: true`; it does not throw. It throws UsageError for a
 * request that cannot be met (exit 2), and MachineError when the machine failed (exit 3).
 */
import type { BenchAsked, CheckAsked, CompareAsked, SelfTestAsked, StressAsked } from "./asked.ts";
import type { Result } from "./result.ts";

export interface Progress {
  /** 0 to 1, of the whole run; never falls. */
  readonly done: number;
  /** What is going on, as in "rwsem, 2 threads, same device, round 3 of 9". */
  readonly label: string;
}

export interface RunContext {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export type Runner<A> = (asked: A, context: RunContext) => Promise<Result>;
export type RunBench = Runner<BenchAsked>;
export type RunStress = Runner<StressAsked>;
export type RunCompare = Runner<CompareAsked>;
export type RunCheck = Runner<CheckAsked>;
export type RunSelfTest = Runner<SelfTestAsked>;
