// SPDX-License-Identifier: GPL-2.0-only
/** Who is measured: gates and baselines by the names that users see, with the module's ids. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";

export interface Contender {
  readonly name: string;
  readonly kind: "gate" | "baseline";
  readonly id: number;
}

/** Baselines by display name; their ids are the module's BASELINE_* exports. */
const BASELINES = {
  "empty loop": "BASELINE_EMPTY_LOOP",
  "plain counter pair": "BASELINE_PLAIN_COUNTER_PAIR",
  "atomic pair": "BASELINE_ATOMIC_PAIR",
  "exchange pair": "BASELINE_EXCHANGE_PAIR",
  "percpu_ref, reporting": "BASELINE_PERCPU_REF_REPORTING",
} as const;

export type BaselineName = keyof typeof BASELINES;

/** Gates that turn an entrant away at once while a removal waits; the others make it wait. */
const FAILING = new Set(["percpu_ref", "refcount"]);

export function entrantOutcome(gate: string): "blocks" | "fails" {
  return FAILING.has(gate) ? "fails" : "blocks";
}

/** @throws UsageError for a name that the module has no gate of */
export function gateContender(abi: KernelAbi, name: string): Contender {
  const id = abi.constants.get(`GATE_${name.toUpperCase()}`);
  if (id === undefined) throw new UsageError(`--gates: there is no gate ${JSON.stringify(name)}`);
  return { name, kind: "gate", id };
}

export function baselines(abi: KernelAbi): Contender[] {
  return Object.entries(BASELINES).map(([name, constant]) => ({
    name,
    kind: "baseline",
    id: abi.constant(constant),
  }));
}
