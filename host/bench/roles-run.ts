// SPDX-License-Identifier: GPL-2.0-only
/** `bench --workload roles`, as a result. */
import { UsageError } from "../errors.ts";
import { tierSelectable } from "../machine/engine.ts";
import { environmentOf } from "../machine/environment.ts";
import type { Machine } from "../machine/machine.ts";
import { gateSummaries } from "../machine/summaries.ts";
import type { BenchAsked } from "../result/asked.ts";
import { assembleResult } from "../result/assemble.ts";
import { noiseFloorOfRoles } from "../result/noise.ts";
import type { Result } from "../result/result.ts";
import { compareRoles } from "../result/role-comparison.ts";
import type { RolesAsked } from "../result/roles.ts";
import type { RunContext } from "../result/run.ts";
import { type Gate, gateContender, secondOf } from "./contenders.ts";
import { gateFacts, tierFacts } from "./facts.ts";
import { Fleet } from "./fleet.ts";
import { goThrough } from "./measure.ts";
import { RoleJob } from "./role-job.ts";
import { type RoleMachines, RolesBench } from "./roles-bench.ts";

const NS_PER_MS = 1e6;

export async function runRoles(
  asked: BenchAsked,
  roles: RolesAsked,
  context: RunContext,
): Promise<Result> {
  const startedAt = new Date();
  const fleet = new Fleet({
    ...(tierSelectable() ? { tier: asked.tier } : {}),
    seed: asked.seed,
    memoryBytes: asked.memoryBytes,
  });
  try {
    const { machine } = await fleet.of(1);
    const gates: Gate[] = [];
    for (const name of asked.gates) gates.push(await gateContender(machine, name));
    const summaries = gateSummaries();
    const facts = await Promise.all(gates.map((gate) => gateFacts(machine, gate, summaries)));
    const unfit = roles.body === "sleep" ? await thatMayNotSleep(machine, gates) : [];
    const fit = gates.filter((gate) => !unfit.includes(gate));
    if (fit.length === 0) {
      const names = unfit.map(({ name }) => name).join(", ");
      throw new UsageError(
        `--body sleep: a body may not sleep inside ${names}; --body spin may be`,
      );
    }
    const windowNs = asked.windowMs * NS_PER_MS;
    const second = secondOf(fit);
    const bench = new RolesBench(runnersOn(fleet), { gates: [...fit, second], roles, windowNs });
    await goThrough([bench], asked, context);
    const all = bench.rows(asked.seed);
    const noise = noiseFloorOfRoles(all, { first: second.of, second: second.name }, asked.seed);
    const rows = all.filter(({ contender }) => contender !== second.name);
    return assembleResult(
      {
        command: "bench",
        asked,
        environment: environmentOf(machine),
        tier: tierFacts(machine, []),
        startedAt,
        interrupted: context.signal.aborted,
      },
      {
        gates: facts,
        roles: rows,
        ...(noise ? { noise } : {}),
        comparisons: compareRoles(rows, (fit[0] as Gate).name, asked.seed), // one is fit at least
        notes: unfit.map(unfitNote),
      },
    );
  } finally {
    await fleet.close();
  }
}

async function thatMayNotSleep(machine: Machine, gates: readonly Gate[]): Promise<Gate[]> {
  const may = machine.kernel.constant("BODY_MAY_SLEEP");
  const bodies = await Promise.all(gates.map(({ id }) => machine.call(0, "gate_body", id)));
  return gates.filter((_, i) => bodies[i] !== may);
}

function unfitNote({ name }: Gate): string {
  return `${name} is left out: a body may not sleep inside it (--body sleep).`;
}

/** One set of records a machine, made when it is first used. */
function runnersOn(fleet: Fleet): RoleMachines {
  const runners = new Map<number, RoleJob>();
  return {
    of: async (cpus) => {
      const there = runners.get(cpus);
      if (there) return there;
      const runner = new RoleJob((await fleet.of(cpus)).machine);
      runners.set(cpus, runner);
      return runner;
    },
  };
}
