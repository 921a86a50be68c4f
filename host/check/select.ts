// SPDX-License-Identifier: GPL-2.0-only
/** From what was asked to the configurations that it names: variants of scenarios, by driver. */
import type { KernelAbi } from "../abi/kernel.ts";
import { UsageError } from "../errors.ts";
import { driverId, isDriverGate } from "../machine/driver.ts";
import type { CheckAsked } from "../result/asked.ts";
import type { Scenario, Subject, Variant } from "./scenario.ts";
import { type SuiteEntry, scenarioNamed, subjectsOf, suite } from "./scenarios/table.ts";

/** A machine keeps a bit for each of its threads. */
const MOST_THREADS = 8;

export type Wanted = Pick<CheckAsked, "scenario" | "variant" | "revision" | "gate" | "threads">;

/** @throws UsageError for names that there are none of, or that do not go together */
export function select(wanted: Wanted, abi: KernelAbi): SuiteEntry[] {
  const { revision, gate, threads } = wanted;
  if (revision !== null && gate !== null) driverId(abi, revision, gate); // throws
  const entries = wanted.scenario === null ? ofSuite(wanted, abi) : ofScenario(wanted, abi);
  if (entries.length === 0 && gate !== null && !isDriverGate(abi, gate)) {
    const why = "the scenario is about drivers, whose ioctl sleeps, and a body may not sleep in it";
    throw new UsageError(`--gate ${gate}: ${why}`);
  }
  if (entries.length === 0) throw new UsageError(`${driverOptions(wanted)}: no scenario is for it`);
  for (const { scenario, variant } of entries) {
    const most = variant.threads.length;
    if (most <= MOST_THREADS) continue;
    const name = `${scenario.name} has ${most} threads then`;
    throw new UsageError(`--threads ${threads}: ${name}, and can have ${MOST_THREADS} at most`);
  }
  return entries;
}

function driverOptions({ revision, gate }: Wanted): string {
  const parts = [revision && `--revision ${revision}`, gate && `--gate ${gate}`];
  return parts.filter((part) => part !== null).join(" ");
}

function isWanted({ revision, gate }: Wanted, driver: Subject | null): boolean {
  if (revision === null && gate === null) return true;
  if (driver === null) return false;
  return [null, driver.revision].includes(revision) && [null, driver.gate].includes(gate);
}

function ofSuite(wanted: Wanted, abi: KernelAbi): SuiteEntry[] {
  return suite(abi).filter(({ driver }) => isWanted(wanted, driver));
}

function ofScenario(wanted: Wanted, abi: KernelAbi): SuiteEntry[] {
  const scenario = scenarioNamed(wanted.scenario ?? "");
  const { variant: name, threads } = wanted;
  const drivers = subjects(scenario, wanted, abi);
  const entriesOf = (count: number | null) =>
    drivers.flatMap((driver) =>
      ofOwnName(scenario.variants(abi, driver, count)).map((variant) => ({
        scenario,
        driver,
        variant,
      })),
    );
  const all = entriesOf(threads);
  if (threads !== null && castsOf(all) === castsOf(entriesOf(threads + 1))) {
    const fixed = `the threads of ${scenario.name} are always the same`;
    throw new UsageError(`--threads ${threads}: ${fixed}`);
  }
  if (name === null) {
    const usual = all.filter(({ variant }) => variant.inSuite !== false);
    return usual.length > 0 ? usual : all;
  }
  const found = all.filter(({ variant }) => variant.name === name);
  if (found.length > 0 || all.length === 0) return found;
  const asked = `${scenario.name}/${name}`;
  const names = [...new Set(all.map(({ variant }) => variant.name))].join(", ");
  const others = subjectsOf(abi, scenario).flatMap((one) => scenario.variants(abi, one, threads));
  if (others.some((variant) => variant.name === name)) {
    throw new UsageError(`${driverOptions(wanted)}: not with ${asked}; but with ${names}`);
  }
  throw new UsageError(`${asked}: ${scenario.name} has no such variant; its own: ${names}`);
}

/** With as many threads as were asked for two variants may be the same. */
function ofOwnName(variants: readonly Variant[]): Variant[] {
  return [
    ...new Map(variants.toReversed().map((variant) => [variant.name, variant])).values(),
  ].toReversed();
}

function castsOf(entries: readonly SuiteEntry[]): string {
  return entries.map(({ variant }) => variant.threads.join()).join(" ");
}

/** What a scenario is run for, of what was asked for: null for a primitive. */
function subjects(scenario: Scenario, wanted: Wanted, abi: KernelAbi): (Subject | null)[] {
  const { revision, gate } = wanted;
  if (scenario.of !== "primitive") {
    return subjectsOf(abi, scenario).filter((driver) => isWanted(wanted, driver));
  }
  if (revision === null && gate === null) return [null];
  throw new UsageError(
    `${driverOptions(wanted)}: the scenario ${scenario.name} is about no driver`,
  );
}
