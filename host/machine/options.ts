// SPDX-License-Identifier: GPL-2.0-only
/** What a machine, and a call on it, can be asked for. */
import { UsageError } from "../errors.ts";
import type { Tier } from "./engine.ts";
import type { KernelImage } from "./image.ts";

export interface MachineOptions {
  /** CPUs, each a thread: 1 to 64. */
  readonly cpus: number;
  /** Size of the whole memory; default: a 16 MiB arena and what else is needed. */
  readonly memoryBytes?: number;
  readonly userBytesPerCpu?: number;
  readonly hostBytes?: number;
  /** V8's compiler tier; the first machine of a process decides for all. */
  readonly tier?: Tier;
  /** What to run instead of kernel.wasm: a variant that a pass made of it. */
  readonly image?: KernelImage;
  /** Whether the image checks accesses against shadow memory. */
  readonly shadow?: boolean;
  readonly kasanQuarantineBytes?: number;
  readonly seed?: number;
  /** Loads of its state word that a CPU makes before it parks; 0 where CPUs outnumber cores. */
  readonly idlePoll?: number;
  /** Loads of a spinlock that a waiter makes before it sleeps on it. */
  readonly spinLimit?: number;
  readonly rcuStallMs?: number;
  readonly rwsemWaitMs?: number;
  /** Whether each CPU keeps to one core, in turn; where the system has no taskset(1), none does. */
  readonly pin?: boolean;
  /** Deadline of a call that sets none, ms. */
  readonly deadlineMs?: number;
  /**
   * Aborting is stop() for good: the calls in flight, and every loop that is called later, return at
   * their next operation boundary. The machine fails only if a call does not return within a second.
   */
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  readonly args?: readonly KernelValue[];
  readonly deadlineMs?: number;
  /** False: without cpu_enter() and cpu_leave() around it, for tests of those states. */
  readonly bracket?: boolean;
  /** Named in the error when the call traps or stalls. */
  readonly gate?: string;
  /**
   * Aborting stops this call, which then rejects with the signal's reason. The machine fails only if
   * the call does not return within a second.
   */
  readonly signal?: AbortSignal;
}

export type KernelValue = number | bigint;

const UINT32_MAX = 0xffffffff;
const TIMER_MAX_MS = 0x7fffffff; // a longer timer of node's fires at once

/** The deadline of a call, ms. @throws UsageError when it is none */
export function checkDeadline(deadlineMs: number): number {
  if (deadlineMs > 0 && deadlineMs <= TIMER_MAX_MS) return deadlineMs;
  throw new UsageError(`deadlineMs: ${deadlineMs} is not between 1 and ${TIMER_MAX_MS}`);
}

/** Checks what memory-map.ts and engine.ts do not. @throws UsageError that names the option */
export function checkOptions(options: MachineOptions): void {
  const counts = {
    seed: options.seed,
    idlePoll: options.idlePoll,
    spinLimit: options.spinLimit,
    rcuStallMs: options.rcuStallMs,
    rwsemWaitMs: options.rwsemWaitMs,
    kasanQuarantineBytes: options.kasanQuarantineBytes,
  };
  for (const [name, value] of Object.entries(counts)) {
    if (value === undefined) continue;
    if (Number.isInteger(value) && value >= 0 && value <= UINT32_MAX) continue;
    throw new UsageError(`${name}: ${value} is not a whole number from 0 to ${UINT32_MAX}`);
  }
  if (options.deadlineMs !== undefined) checkDeadline(options.deadlineMs);
}
