// SPDX-License-Identifier: GPL-2.0-only
/** Puts a result together: what every command's result has in common. */
import { createRequire } from "node:module";
import type { Asked } from "./asked.ts";
import { type Command, type Environment, type Result, SCHEMA, type TierFacts } from "./result.ts";

/** What a runner fills in; sections that it leaves out are empty, or absent where they may be. */
export type Sections = Partial<
  Pick<
    Result,
    | "gates"
    | "pairs"
    | "removals"
    | "storms"
    | "comparisons"
    | "breakEvens"
    | "noise"
    | "selftest"
    | "roles"
    | "drift"
    | "checks"
    | "claims"
    | "notes"
  >
>;

export interface RunFacts {
  readonly command: Command;
  readonly asked: Asked;
  readonly environment: Environment;
  readonly tier: TierFacts;
  readonly startedAt: Date;
  readonly interrupted: boolean;
}

const packageJson = "../../../package.json"; // from build/host/result

export function toolVersion(): string {
  return (createRequire(import.meta.url)(packageJson) as { version: string }).version;
}

export function assembleResult(facts: RunFacts, sections: Sections): Result {
  const { command, asked, environment, tier, startedAt, interrupted } = facts;
  return {
    schema: SCHEMA,
    tool: { name: "hotunplug", version: toolVersion() },
    command,
    asked,
    environment,
    tier,
    startedAt: startedAt.toISOString(),
    durationS: (Date.now() - startedAt.getTime()) / 1000,
    ...(interrupted ? { interrupted } : {}),
    gates: sections.gates ?? [],
    pairs: sections.pairs ?? [],
    removals: sections.removals ?? [],
    storms: sections.storms ?? [],
    comparisons: sections.comparisons ?? [],
    breakEvens: sections.breakEvens ?? [],
    ...(sections.noise ? { noise: sections.noise } : {}),
    ...(sections.selftest ? { selftest: sections.selftest } : {}),
    ...(sections.roles ? { roles: sections.roles } : {}),
    ...(sections.drift !== undefined ? { drift: sections.drift } : {}),
    ...(sections.checks ? { checks: sections.checks } : {}),
    ...(sections.claims ? { claims: sections.claims } : {}),
    notes: sections.notes ?? [],
  };
}
