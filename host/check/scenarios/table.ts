// SPDX-License-Identifier: GPL-2.0-only
/** The scenarios, and the suite: what `hotunplug check` runs without arguments. */
import type { KernelAbi } from "../../abi/kernel.ts";
import { UsageError } from "../../errors.ts";
import { gateNames, isDriverGate, OPEN_REVISION, revisionNames } from "../../machine/driver.ts";
import type { Driver, Scenario, Subject, Variant } from "../scenario.ts";
import { addFails } from "./add-fails.ts";
import { completion } from "./completion.ts";
import { controls } from "./controls.ts";
import { ida, kref, wait } from "./counts.ts";
import { gate } from "./gate.ts";
import { history } from "./history.ts";
import { ldsem } from "./ldsem.ts";
import { litmus } from "./litmus.ts";
import { mutex, osq, spinlock } from "./locks.ts";
import { mailbox } from "./mailbox.ts";
import { percpuRef } from "./percpu-ref.ts";
import { percpuRwsem } from "./percpu-rwsem.ts";
import { qrwlock, ticket } from "./qrwlock.ts";
import { rcu } from "./rcu.ts";
import { readd } from "./readd.ts";
import { removal } from "./removal.ts";
import { revocable } from "./revocable.ts";
import { rwsem } from "./rwsem.ts";
import { srcu } from "./srcu.ts";
import { srcuFast } from "./srcu-fast.ts";
import { twoRemovers } from "./two-removers.ts";
import { yardstick } from "./yardstick.ts";

/** In the order of the suite: the gates, the drivers, what they are made of from the top down, the controls. */
export const SCENARIOS: readonly Scenario[] = [
  ...[gate, removal, addFails, twoRemovers, readd, mailbox],
  ...[rwsem, ldsem, percpuRwsem, qrwlock, ticket, mutex, osq, spinlock],
  ...[percpuRef, srcu, srcuFast, rcu, completion, wait, kref, ida, revocable],
  ...[controls, yardstick, litmus, history],
];

/** @throws UsageError for a name that is not in the table */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const known = SCENARIOS.map((scenario) => scenario.name).join(", ");
  throw new UsageError(
    `scenario: there is no scenario ${JSON.stringify(name)}; there are ${known}`,
  );
}

/** Every driver that can be built: each revision, the one that is open for it with every gate. */
export function drivers(abi: KernelAbi): Driver[] {
  return revisionNames(abi).flatMap((revision): Driver[] =>
    revision === OPEN_REVISION
      ? gateNames(abi)
          .filter((gate) => isDriverGate(abi, gate))
          .map((gate) => ({ revision, gate }))
      : [{ revision, gate: null }],
  );
}

export interface SuiteEntry {
  readonly scenario: Scenario;
  /** Null for a primitive. */
  readonly driver: Subject | null;
  readonly variant: Variant;
}

/** What a scenario is run for: null for a primitive. */
export function subjectsOf(abi: KernelAbi, { of }: Scenario): (Subject | null)[] {
  if (of === "driver") return drivers(abi);
  return of === "gate" ? gateNames(abi).map((gate) => ({ revision: null, gate })) : [null];
}

/** The variants of `scenario` for all that it is run for. */
export function entriesOf(abi: KernelAbi, scenario: Scenario): SuiteEntry[] {
  return subjectsOf(abi, scenario).flatMap((driver) =>
    scenario.variants(abi, driver, null).map((variant) => ({ scenario, driver, variant })),
  );
}

/** What is checked without arguments. */
export function suite(abi: KernelAbi): SuiteEntry[] {
  return SCENARIOS.flatMap((scenario) => entriesOf(abi, scenario)).filter(
    ({ variant }) => variant.inSuite !== false,
  );
}
