// SPDX-License-Identifier: GPL-2.0-only
/** Who is measured: gates and baselines by the names that users see, with the module's ids. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import { isDriverGate } from "../machine/driver.ts";
import { entrantsOf } from "../machine/gate-traits.ts";
import type { Machine } from "../machine/machine.ts";
import type { EntrantOutcome } from "../result/result.ts";

export interface Contender {
  readonly name: string;
  readonly kind: "gate" | "baseline";
  readonly id: number;
  /** Set in the second contender of a gate: the gate's own name. */
  readonly of?: string;
}

export interface Gate extends Contender {
  readonly kind: "gate";
  /** What becomes of who comes during a removal, as the gate itself says. */
  readonly entrants: EntrantOutcome;
  /** Whether a body may not sleep in it: no ioctl goes through it. */
  readonly atomic: boolean;
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

/** @throws UsageError for a name that the module has no gate of */
export async function gateContender(
  machine: Pick<Machine, "kernel" | "call">,
  name: string,
): Promise<Gate> {
  const { kernel } = machine;
  const id = kernel.constants.get(`GATE_${name.toUpperCase()}`);
  if (id === undefined) throw new UsageError(`--gates: there is no gate ${JSON.stringify(name)}`);
  const entrants = await machine.call(0, "gate_entrants", id);
  const outcome = entrantsOf(kernel, entrants);
  if (!outcome) throw new UsageError(`[harness bug] gate ${name}: entrants ${entrants}`);
  const atomic = !isDriverGate(kernel, name);
  return { name, kind: "gate", id, entrants: outcome, atomic };
}

/**
 * The A/A pair of a run: a gate, and the same gate as a second contender with devices and turns of its
 * own. It is the first gate asked for, which all ratios are over; a control, or a gate that no ioctl goes
 * through, only where there is no other.
 *
 * @returns the second of the two
 */
export function secondOf(gates: readonly Gate[]): Gate & { readonly of: string } {
  const sound = gates.filter(({ entrants }) => entrants !== "passes");
  const gate = sound.find(({ atomic }) => !atomic) ?? sound[0] ?? (gates[0] as Gate);
  return { ...gate, name: `${gate.name} (again)`, of: gate.name };
}

export function baselines(abi: KernelAbi): Contender[] {
  return Object.entries(BASELINES).map(([name, constant]) => ({
    name,
    kind: "baseline",
    id: abi.constant(constant),
  }));
}
