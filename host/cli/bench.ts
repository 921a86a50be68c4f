// SPDX-License-Identifier: GPL-2.0-only

import { UsageError } from "../errors.ts";
import type { BenchAsked, Devices, Tier, Workload } from "../result/asked.ts";
import type { Parsed } from "./arguments.ts";
import { baselineOptions } from "./baseline.ts";
import { type Context, define } from "./command.ts";
import { measureBaselined } from "./measure-baselined.ts";
import { bytes, choice, choices, duration, flag, integer, integers } from "./options.ts";

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

export const bench = define({
  name: "bench",
  summary: "time what each gate costs an ioctl, and what it costs a removal",
  operands: "",
  operandCounts: [0],
  about:
    "Times enter and exit of each gate on real threads, and the removal of an idle and of a busy device, with an empty loop, a plain and an atomic counter pair beside them. Figures are medians with 95 % intervals, raw and net of the empty loop.",
  options: (context) => ({
    ...benchOptions(context, paceOf(context)),
    ...baselineOptions(),
    force: flag(false, "with --against: compare unlike environments all the same"),
  }),
  examples: [
    ["", "all gates, on one shared device and on one each"],
    ["--gates rwsem,percpu-ref --threads 1,2 --devices same", "the two sides of the patch"],
    ["--workload ioctl --service 10us", "ioctls that keep the device busy for 10 us"],
    ["--save before", "a baseline, kept if two runs of it agree"],
    ["--against before --fail-over 5%", "status 1 if anything got over 5 % slower since"],
    [
      "--json - | jq '.pairs[] | [.contender, .threads, .net.median]'",
      "figures for another program",
    ],
  ],
  run: (parsed, context, options) => {
    const { force, against } = parsed.values;
    if (force && against === null) throw new UsageError("--force goes with --against");
    const asked = benchAsked(parsed);
    return measureBaselined("bench", options, parsed, asked, context.runners.bench, context);
  },
});
