// SPDX-License-Identifier: GPL-2.0-only
import { UsageError } from "../errors.ts";
import type { BenchAsked, Devices, Tier, Workload } from "../result/asked.ts";
import type { Parsed } from "./arguments.ts";
import { baselineOptions } from "./baseline.ts";
import { type Context, define } from "./command.ts";
import { engineOption } from "./engines.ts";
import { measureBaselined } from "./measure-baselined.ts";
import {
  bytes,
  choice,
  choices,
  duration,
  flag,
  integer,
  integers,
  type OptionSet,
  optionalChoice,
} from "./options.ts";
import { distribution, roleOptions, rolesAsked } from "./role-options.ts";
import { refuseUnfit, someDrive } from "./unfit.ts";

const MS = 1e6;
const MIB = 2 ** 20;

/** How many threads are of interest: 1, 2, 4, … up to twice the cores, where the scheduler rules. */
export function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let threads = 1; threads <= Math.min(most, 64); threads *= 2) counts.push(threads);
  return counts;
}

/** Defaults that a quicker command sets otherwise. */
interface Pace {
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly windowNs: number;
}

export function paceOf({ cores }: Context): Pace {
  return { threads: threadCounts(2 * cores), rounds: 15, windowNs: 20 * MS };
}

export function benchOptions({ catalogue }: Context, pace: Pace) {
  const gates = catalogue.gates.map((gate) => gate.name);
  return {
    workload: choice(
      "workload",
      ["read", "ioctl"] as const satisfies Workload[],
      "read",
      "the gate alone, or whole ioctls on an open file",
    ),
    gates: choices(
      "gate",
      gates,
      gates,
      "gates to measure, or all; the first is the one that the others are set beside",
    ),
    threads: integers(1, 64, pace.threads, "numbers of threads"),
    devices: choice(
      "devices",
      ["same", "own", "both"] as const,
      "both",
      "whether the threads share a device or have one each",
    ),
    rounds: integer(
      1,
      10_000,
      pace.rounds,
      "rounds; every contender runs once in each, in random order",
    ),
    window: duration(1 * MS, 60e9, pace.windowNs, "length of a timed window"),
    tier: choice(
      "tier",
      ["baseline", "optimized"] as const satisfies Tier[],
      "baseline",
      "compiler of the engine that makes the code of every row; baseline is nearest to native for atomics",
    ),
    service: duration(0, 10e9, 0, "time the modelled device takes for a command"),
    seed: integer(0, 2 ** 32 - 1, 1, "seed of the order of contenders and of the bootstrap"),
    memory: bytes(16 * MIB, 1024 * MIB, 64 * MIB, "memory of the machine"),
  };
}

export type BenchOptions = ReturnType<typeof benchOptions>;

export function benchAsked({ values }: Pick<Parsed<BenchOptions>, "values">): BenchAsked {
  const devices: Devices[] = values.devices === "both" ? ["same", "own"] : [values.devices];
  const { workload, gates, threads, rounds, tier, seed } = values;
  return {
    ...{ workload, gates, threads, devices, rounds, tier, seed },
    windowMs: values.window / MS,
    serviceNs: values.service,
    memoryBytes: values.memory,
  };
}

/** Options of bench alone; `compare` has the others. */
function allOptions(context: Context) {
  const pace = paceOf(context);
  return {
    ...benchOptions(context, pace),
    workload: choice(
      "workload",
      ["read", "ioctl", "roles"] as const satisfies BenchAsked["workload"][],
      "read",
      "the gate alone; whole ioctls on an open file; or readers, removers and adders at once",
    ),
    service: distribution(
      "time that an ioctl, or a body of roles, takes: 10us, or with a mean of it uniform:, exp:, lognormal: or bimodal:10us",
    ),
    body: optionalChoice(
      "body",
      ["spin", "sleep"] as const,
      "how that time passes; default: in roles it spins, an ioctl sleeps from 50us on",
    ),
    ...roleOptions(context.cores),
    engine: engineOption(),
    ...baselineOptions(),
    force: flag(false, "with --against: compare unlike environments all the same"),
  };
}

type AllOptions = ReturnType<typeof allOptions>;
type AllParsed = Pick<Parsed<AllOptions>, "values" | "given">;

/** Time for some removals in each window. */
const ROLES_WINDOW_NS = 100 * MS;

/** Options that mean nothing to the roles workload, and those that mean something to it alone. */
const NOT_OF_ROLES = new Set(["threads", "devices", "engine"]);
const isOfRoles = (name: string) => name in roleOptions(1);

/** @throws UsageError for an option that has no meaning in the workload that was asked for */
function checkGiven({ values, given }: AllParsed): void {
  const { workload, service } = values;
  for (const name of given) {
    const stray = workload === "roles" ? NOT_OF_ROLES.has(name) : isOfRoles(name);
    if (stray) throw new UsageError(`--${name} has no meaning with --workload ${workload}`);
  }
  if (workload === "read" && service.meanNs > 0) {
    throw new UsageError("--service: the read workload does nothing inside; ioctl and roles do");
  }
  if (values.body !== null && service.meanNs === 0) {
    throw new UsageError(`--body ${values.body}: no time is to pass, give one with --service`);
  }
}

/** The options that make up a run of the workload. */
function optionsOf(workload: BenchAsked["workload"], options: AllOptions): OptionSet {
  const fits = (name: string) =>
    workload === "roles" ? !NOT_OF_ROLES.has(name) : !isOfRoles(name);
  return Object.fromEntries(Object.entries(options).filter(([name]) => fits(name)));
}

export const bench = define({
  name: "bench",
  summary: "time what each gate costs an ioctl, and what it costs a removal",
  operands: "",
  operandCounts: [0],
  about:
    "Times enter and exit of each gate on real threads, and the removal of an idle and of a busy device, with an empty loop, a plain and an atomic counter pair beside them. Figures are medians with 95 % intervals, raw and net of the empty loop. With --workload roles readers, removers and adders work at once, each at a pace of its own and with a score of its own; options that begin with roles: belong to it.",
  options: allOptions,
  examples: [
    ["", "all gates, on one shared device and on one each"],
    ["--gates rwsem,percpu-ref --threads 1,2 --devices same", "the two sides of the patch"],
    ["--workload ioctl --service 10us", "ioctls that keep the device busy for 10 us"],
    ["--save before", "a baseline, kept if two runs of it agree"],
    ["--engine node,bun,deno", "the same module in three engines, if they are on the PATH"],
    ["--against before --fail-over 5%", "status 1 if anything got over 5 % slower since"],
    [
      "--workload roles --readers 2 --removers 1 --rate-removers 1000/s",
      "two readers that never pause against a thousand removals a second",
    ],
    [
      "--json - | jq '.pairs[] | [.contender, .threads, .net.median]'",
      "figures for another program",
    ],
  ],
  run: (parsed, context, options) => {
    const { force, against } = parsed.values;
    if (force && against === null) throw new UsageError("--force goes with --against");
    checkGiven(parsed);
    const roles = parsed.values.workload === "roles";
    const window = roles && !parsed.given.has("window") ? ROLES_WINDOW_NS : parsed.values.window;
    const values = { ...parsed.values, window };
    const { workload, gates, service, body } = values;
    if (workload === "ioctl" && !someDrive(gates, context.catalogue)) {
      refuseUnfit("--gates", gates[0] ?? null, context.catalogue);
    }
    const asked: BenchAsked = {
      ...benchAsked({ values: { ...values, workload: "read", service: values.service.meanNs } }),
      workload,
      ...(service.kind === "fixed" ? {} : { service }),
      ...(body === null ? {} : { body }),
      ...(roles ? { threads: [], devices: [], roles: rolesAsked(values) } : {}),
    };
    const shown = optionsOf(workload, options) as AllOptions;
    const run = { ...parsed, values };
    return measureBaselined("bench", shown, run, asked, context.runners.bench, context);
  },
});
