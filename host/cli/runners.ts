// SPDX-License-Identifier: GPL-2.0-only
/** Where the capabilities are, loaded only when a command needs one. */

import type { GateChecks } from "../check/listing.ts";
import type { Diagnosis } from "../doctor/run.ts";
import type { GateTraits } from "../machine/gate-traits.ts";
import type { CheckAsked } from "../result/asked.ts";
import type {
  RunBench,
  RunCheck,
  RunCompare,
  Runner,
  RunSelfTest,
  RunStress,
} from "../result/run.ts";
import type { CommandEnd, CommandOptions } from "../wasi/run.ts";

/** Loads a runner, as the commands get it. */
export type Load<A> = () => Promise<Runner<A>>;

/** Runs kernel.wasm as a WASI command. */
export type RunWasi = (
  options: Omit<CommandOptions, "module" | "maximumPages">,
) => Promise<CommandEnd>;

/** A scenario of `check`, for a list of them. */
export interface ScenarioEntry {
  readonly name: string;
  readonly summary: string;
}

/** What a gate says of itself, and what check says of it. */
export interface GateSheet extends GateTraits, Omit<GateChecks, "gate"> {}

/** What the commands run; a test puts its own in their place. */
export interface Runners {
  doctor(): Promise<() => Promise<Diagnosis>>;
  /** What a run in a tier will say of its place, before there is one. */
  place(): Promise<typeof import("../machine/environment.ts").placeOf>;
  bench(): Promise<RunBench>;
  stress(): Promise<RunStress>;
  compare(): Promise<RunCompare>;
  /** @throws UsageError for what was asked, where it does not go together */
  check(asked: CheckAsked): Promise<RunCheck>;
  selftest(): Promise<RunSelfTest>;
  scenarios(): Promise<readonly ScenarioEntry[]>;
  gates(): Promise<readonly GateSheet[]>;
  wasi(): Promise<RunWasi>;
}

export const runners: Runners = {
  doctor: async () => (await import("../doctor/run.ts")).runDoctor,
  place: async () => (await import("../machine/environment.ts")).placeOf,
  bench: async () => (await import("../bench/run.ts")).runBench,
  stress: async () => (await import("../stress/run.ts")).runStress,
  compare: async () => (await import("../compare/run.ts")).runCompare,
  check: async (asked) => {
    const { entriesFor, runCheck } = await import("../check/run.ts");
    entriesFor(asked); // throws
    return runCheck;
  },
  selftest: async () => (await import("../bench/selftest.ts")).runSelfTest,
  scenarios: async () => {
    const { SCENARIOS } = await import("../check/scenarios/table.ts");
    return SCENARIOS.map(({ name, summary }) => ({ name, summary }));
  },
  gates: async () => {
    const { gateTraits } = await import("../machine/gate-traits.ts");
    const { checksOfGate } = await import("../check/listing.ts");
    const { kernelImage } = await import("../machine/image.ts");
    const { abi } = kernelImage("default");
    return gateTraits().map((traits) => {
      const { checks, commands } = checksOfGate(abi, traits.name);
      return { ...traits, checks, commands };
    });
  },
  wasi: async () => {
    const { kernelImage, MAX_PAGES } = await import("../machine/image.ts");
    const { runCommand } = await import("../wasi/run.ts");
    const { module } = kernelImage("default");
    return (options) => runCommand({ ...options, module, maximumPages: MAX_PAGES });
  },
};
