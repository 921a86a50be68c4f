// SPDX-License-Identifier: GPL-2.0-only
/** What check has to say of a gate, for a list: by which variants, of how many threads, and the verdict. */
import type { KernelAbi } from "../abi/kernel.ts";
import { isDriverGate } from "../machine/driver.ts";
import { entriesOf, scenarioNamed } from "./scenarios/table.ts";

export interface GateCheck {
  /** As check takes it: "gate/entrant-remover". */
  readonly scenario: string;
  readonly threads: readonly string[];
  /** What every schedule of them must come to. */
  readonly expected: "holds" | "violated";
}

export interface GateChecks {
  readonly gate: string;
  readonly checks: readonly GateCheck[];
  /** The commands that run them. */
  readonly commands: readonly string[];
}

const BARE = "gate";
const DRIVEN = "removal";

/** The scenarios that are about a gate first of all: by itself, and in a driver where there is one. */
export function checksOfGate(abi: KernelAbi, gate: string): GateChecks {
  const names = isDriverGate(abi, gate) ? [BARE, DRIVEN] : [BARE];
  const entries = names.flatMap((name) => entriesOf(abi, scenarioNamed(name)));
  const ours = entries.filter(({ driver }) => driver?.gate === gate);
  const checks = ours.flatMap(({ scenario, variant: { name, threads, expected } }) =>
    expected === null ? [] : [{ scenario: `${scenario.name}/${name}`, threads, expected }],
  );
  const commands = names.map((name) => `hotunplug check ${name} --gate ${gate}`);
  return { gate, checks, commands };
}
