// SPDX-License-Identifier: GPL-2.0-only
/** A result with every section filled, its figures made up but of a likely size. */
import { breakEvens, compareGates, EMPTY_LOOP } from "../../host/result/comparison.ts";
import { noiseFloor } from "../../host/result/noise.ts";
import type {
  GateFacts,
  NoiseFloor,
  PairRow,
  RemovalRow,
  Result,
  StormRow,
  Violation,
} from "../../host/result/result.ts";
import { histogramOf } from "../../host/stats/histogram.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { driftOf, paceOf, steadinessOf } from "../../host/stats/steadiness.ts";
import { lessBaseline, type Rounds, summarize } from "../../host/stats/summary.ts";

const ROUNDS = 9;
const SEED = 1;

/** ns a pair, raw: on a shared device with 1, 2 and 4 threads, then on own devices. */
const PAIRS: readonly [string, PairRow["kind"], number[], number[]][] = [
  ["rwsem", "gate", [11.1, 88.2, 90.4], [11.1, 87.9, 91.0]],
  ["rwsem_per_device", "gate", [11.1, 88.3, 90.1], [11.1, 11.2, 22.9]],
  ["percpu_ref", "gate", [1.5, 1.51, 3.1], [1.5, 1.52, 3.1]],
  ["refcount", "gate", [15.3, 171, 180], [15.3, 15.4, 31]],
  ["busted", "gate", [0.91, 0.92, 1.84], [0.91, 0.92, 1.84]],
  ["plain counter pair", "baseline", [1.28, 1.31, 2.6], [1.28, 1.31, 2.6]],
  ["atomic pair", "baseline", [10.9, 86.5, 88], [10.9, 11.0, 22]],
  [EMPTY_LOOP, "baseline", [0.88, 0.91, 1.8], [0.88, 0.91, 1.8]],
];

/** Median ns idle and busy, and what an entrant meets. */
const REMOVALS: readonly [string, number, number, RemovalRow["entrantOutcome"]][] = [
  ["rwsem", 190, 460, "blocks"],
  ["rwsem_per_device", 192, 462, "blocks"],
  ["percpu_ref", 410, 1_050, "fails"],
  ["refcount", 180, 410, "fails"],
  ["busted", 40, 41, "passes"],
];

const SUMMARIES: Readonly<Record<string, string>> = {
  rwsem: "one global reader/writer semaphore, as in the patch",
  rwsem_per_device: "a reader/writer semaphore in each device",
  percpu_ref: "a per-CPU reference count, killed at removal",
  refcount: "increment unless zero, and a completion",
  busted: "nothing at all: the negative control",
};

/** One value a round, within 2 % of the median given; the same for every call. */
function roundsAround(median: number, salt: number): Rounds {
  const random = randomFrom(salt);
  return Array.from({ length: ROUNDS }, () => median * (0.98 + 0.04 * random()));
}

function pairRows(): PairRow[] {
  const setting = (devices: "same" | "own", i: number): PairRow[] => {
    const times = (medians: readonly [string, PairRow["kind"], number[], number[]]) =>
      roundsAround((devices === "same" ? medians[2] : medians[3])[i] ?? 0, medians[0].length + i);
    const empty = times(PAIRS.at(-1) as (typeof PAIRS)[number]);
    return PAIRS.map((entry) => {
      const [contender, kind] = entry;
      const samples = times(entry);
      return {
        ...{ contender, kind, workload: "read" as const, threads: 2 ** i, devices },
        ...{ oversubscribed: i === 2, unit: "ns/pair" as const, samples },
        raw: summarize(samples, "ns/pair", SEED),
        net: summarize(lessBaseline(samples, empty), "ns/pair", SEED),
        steadiness: steadinessOf(samples),
      };
    });
  };
  return (["same", "own"] as const).flatMap((devices) =>
    [0, 1, 2].flatMap((i) => setting(devices, i)),
  );
}

function removalRows(): RemovalRow[] {
  return REMOVALS.flatMap(([contender, idleNs, busyNs, entrantOutcome]) => {
    const latencies = (median: number) =>
      histogramOf(
        Array.from({ length: 500 }, (_, i) => Math.round(median * (0.8 + (i / 450) ** 12))),
      );
    const row = (condition: "idle" | "busy", median: number): RemovalRow => ({
      ...{ contender, condition, readers: condition === "idle" ? 0 : 1, oversubscribed: false },
      latency: latencies(median),
      samples: roundsAround(median, median),
      steadiness: steadinessOf(roundsAround(median, median)),
      entrantOutcome,
      entrant: condition === "busy" ? latencies(median * 70) : null,
      readersLossPct: condition === "busy" ? summarize(roundsAround(3.1, 5), "%", SEED) : null,
      othersEffectPct:
        condition === "busy"
          ? summarize(roundsAround(contender === "rwsem" ? -12.4 : -0.2, 6), "%", SEED)
          : null,
    });
    return [row("idle", idleNs), row("busy", busyNs)];
  });
}

/** rwsem as a second contender: other rounds about the same medians. */
function noiseOf(pairs: readonly PairRow[], removals: readonly RemovalRow[]) {
  const [first, second] = ["rwsem", "rwsem (again)"];
  const again = <R extends PairRow | RemovalRow>(row: R, median: number, salt: number): R[] =>
    row.contender === first
      ? [{ ...row, contender: second, samples: roundsAround(median, salt) }]
      : [];
  const secondPairs = pairs.flatMap((row, i) => again(row, row.raw.median, 50 + i));
  const secondRemovals = removals.flatMap((row, i) => again(row, row.latency.p50, 70 + i));
  const floor = noiseFloor(
    [...pairs, ...secondPairs],
    [...removals, ...secondRemovals],
    { first, second },
    SEED,
  );
  return floor as NoiseFloor; // both were measured
}

function stormRow(gate: string): StormRow {
  const held = gate !== "busted";
  return {
    ...{
      driver: `put_device+${gate}`,
      revision: "put_device",
      gate,
      held,
      sanitized: true,
      seed: SEED,
    },
    seconds: held ? 5 : 0.31,
    counts: {
      ioctl: 1_234_567,
      remove: 9_120,
      fault_injected: 41,
      ioctl_enxio: 18_044,
      rcu_gp: 9_133,
    },
    violations: held
      ? []
      : [
          {
            property: "use after free",
            detail: "load of 4 bytes at 0x41c30, 12 bytes into a freed cxl_memdev",
            trace: [
              "access  CPU 1  __cxl_memdev_ioctl (assembly/drivers/cxl/mem.ts:88)",
              "alloc   CPU 0  cxl_memdev_alloc (assembly/drivers/cxl/memdev/put_device.ts:41)",
              "free    CPU 0  cxl_memdev_release (assembly/drivers/cxl/memdev/put_device.ts:30)",
            ],
          },
          { property: "leak", detail: "1 cxl_mem left once all was closed" },
          { property: "use after free", detail: "store of 4 bytes at 0x41c38" },
        ],
    replay: `hotunplug stress --revision put_device --gate ${gate} --seed 1`,
  };
}

/** The driver as it stood: one with a leak and a use after free, one with nothing found. */
function historyRows(): StormRow[] {
  const [held, broken] = [stormRow("rwsem"), stormRow("busted")];
  const old = { revision: "percpu_ref", driver: "percpu_ref", gate: null, asFound: true as const };
  const violations = [
    { ...(broken.violations[0] as Violation), count: 14 },
    { property: "leak", detail: "395 × name still allocated", count: 395 },
    { property: "use after free", detail: "store of 4 bytes at 0x41c38" },
  ];
  return [
    { ...broken, ...old, violations },
    { ...held, asFound: true },
  ];
}

const GATES: GateFacts[] = Object.entries(SUMMARIES).map(([name, summary]) => ({
  name,
  summary,
  ...(name === "busted" ? { control: true as const } : {}),
  bytesPerDevice: { rwsem: 0, rwsem_per_device: 24, percpu_ref: 8, refcount: 24 }[name] ?? 0,
  bytesPerCpuPerDevice: name === "percpu_ref" ? 8 : 0,
  globalBytes: name === "rwsem" ? 24 : 0,
}));

let made: Result | undefined;

/** What `hotunplug compare` might find on a machine with two cores. */
export function sampleResult(): Result {
  made ??= makeResult();
  return made;
}

function makeResult(): Result {
  const pairs = pairRows();
  const removals = removalRows();
  return {
    schema: 1,
    tool: { name: "hotunplug", version: "0.1.0" },
    command: "compare",
    asked: {
      ...{ workload: "read", gates: GATES.map((gate) => gate.name), threads: [1, 2, 4] },
      ...{ devices: ["same", "own"], rounds: ROUNDS, windowMs: 10, tier: "baseline" },
      ...{ serviceNs: 0, seed: SEED, memoryBytes: 2 ** 26, quick: true, stormMs: 1000 },
    },
    environment: {
      ...{ cpu: "Made-up CPU 9000 @ 2.80GHz", cores: 2, os: "linux 6.1", node: "20.20.2" },
      ...{
        v8: "11.3.244.8",
        v8Flags: ["--liftoff-only"],
        clockResolutionNs: 41,
        loadAverage: 0.12,
      },
      kernelSha256: "3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855a",
    },
    tier: { inForce: "baseline", selectable: true, addOverExchange: 1.02 },
    startedAt: "2026-01-02T03:04:05.000Z",
    durationS: 61.2,
    gates: GATES,
    pairs,
    removals,
    storms: [
      ...GATES.map((gate) => ({ ...stormRow(gate.name), sanitized: false })),
      ...GATES.map((gate) => stormRow(gate.name)),
      ...historyRows(),
    ],
    comparisons: compareGates(pairs, removals, "rwsem", SEED),
    breakEvens: breakEvens(pairs),
    noise: noiseOf(pairs, removals),
    drift: driftOf(paceOf([...pairs, ...removals].map(({ samples }) => samples))),
    notes: [],
  };
}
