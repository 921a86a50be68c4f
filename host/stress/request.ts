// SPDX-License-Identifier: GPL-2.0-only
/** What a storm is asked for, and the command line that asks for it again. */
import { UsageError } from "../errors.ts";
import type { Tier } from "../machine/engine.ts";
import type { Machine } from "../machine/machine.ts";

export interface StormRequest {
  readonly revision: string;
  readonly gate: string | null;
  readonly clients: number;
  readonly devices: number;
  readonly removers: number;
  readonly timeMs: number;
  readonly seed: number;
  /** Chance that a fallible step of add fails, 0 to 1. */
  readonly faultRate: number;
  /** Which steps: FAULT_X is "x". Default: all. */
  readonly faultSites?: readonly string[];
  readonly sanitize: boolean;
  readonly serviceNs: number;
  readonly stutterMs: number;
  readonly delayNs: number;
  readonly memoryBytes?: number;
  readonly tier?: Tier;
  readonly signal: AbortSignal;
  /** The driver is looked at as it stood: see StormRow. */
  readonly asFound?: boolean;
  /** Ends the storm at its first violation; default: for a gate that lets everybody pass, a control. */
  readonly stopAtFirst?: boolean;
  /** How long a CPU may go without an operation before it counts as hung; default: hungAfterMs(). */
  readonly hungMs?: number;
  readonly onTick?: (elapsedMs: number) => void;
  /** Called with the machine before the storm begins. */
  readonly inspect?: (machine: Machine) => void | Promise<void>;
}

const HUNG_TASK_MS = 5_000;
/** The driver gives up on a mailbox that is busy for so long. */
const MAILBOX_LIMIT_MS = 2_000;

/** Longest that an operation may take: behind all others on one mailbox, which may be busy as well. */
export function hungAfterMs({ hungMs, clients, serviceNs }: StormRequest): number {
  const busyMs = Math.min(serviceNs / 1e6, MAILBOX_LIMIT_MS);
  return hungMs ?? HUNG_TASK_MS + 2 * (clients + 1) * busyMs;
}

/** @throws UsageError for a storm that makes no sense */
export function checkRequest({ removers, devices }: StormRequest): void {
  if (removers <= devices) return;
  throw new UsageError(
    `--removers ${removers}: with --devices ${devices} there is not one device for each remover`,
  );
}

/** The command line that runs this storm again. Every option is written: its default may change. */
export function replayCommand(request: StormRequest): string {
  const { revision, gate, clients, devices, removers, timeMs, seed, faultRate } = request;
  const { serviceNs, stutterMs, delayNs, sanitize, memoryBytes } = request;
  return [
    `hotunplug stress --revision ${revision}`,
    ...(gate === null ? [] : [`--gate ${gate}`]),
    `--clients ${clients} --devices ${devices} --removers ${removers}`,
    `--time ${timeMs}ms --seed ${seed} --fault-rate ${faultRate}`,
    ...(serviceNs > 0 ? [`--service ${serviceNs}ns`] : []),
    ...(stutterMs > 0 ? [`--stutter ${stutterMs}ms`] : []),
    ...(delayNs > 0 ? [`--delay ${delayNs}ns`] : []),
    ...(memoryBytes === undefined ? [] : [`--memory ${memoryBytes}`]),
    sanitize ? "--sanitize" : "--no-sanitize",
  ].join(" ");
}
