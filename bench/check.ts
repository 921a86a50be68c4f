// SPDX-License-Identifier: GPL-2.0-only
/**
 * How fast `check` explores, and what its reduction saves: `npm run bench:check`.
 *
 * The yardstick (assembly/workload/yardstick.ts) has every access atomic, and is explored without any
 * reduction, then with symmetric readers; the hash, the visited set and the saving of states are
 * included. A step that was run before is not run again, but where the row says so. Cases take turns, round
 * by round. The counts are those of an independent model (test/check). Then the same searches by one thread
 * and by workers, their start included; and last how long commands take that search nearly nothing.
 *
 * With arguments, the searches by so many workers alone: `npm run bench:check -- 2 4 8 16`.
 */
import {
  type Configuration,
  DEFAULT_SEARCH,
  explore,
  prepare,
} from "../host/check/configuration.ts";
import type { Explored } from "../host/check/explored.ts";
import type { CheckImage } from "../host/check/image.ts";
import { entriesOf, SCENARIOS } from "../host/check/scenarios/table.ts";
import { checkImage } from "../host/check/weave.ts";
import { driverName } from "../host/machine/driver.ts";
import { TIERING } from "../host/machine/engine.ts";
import { kernelImage } from "../host/machine/image.ts";
import { median } from "../host/stats/median.ts";
import { STARTS, timed } from "./check-commands.ts";
import { number, print, timesOf } from "./check-table.ts";
import { printWorkers } from "./check-workers.ts";
import { yardstick } from "./check-yardstick.ts";

const ROUNDS = 7;
const ENOUGH_STATES = 3_000_000;
/** Of the searches by several workers, which take longer. */
const FEW_ROUNDS = 5;

interface Case {
  readonly name: string;
  /** False: every step is run, also one that was run before. */
  readonly remembers: boolean;
  readonly configuration: Configuration;
}

interface Sample {
  readonly explored: Explored;
  readonly ms: number;
}

function yardsticks(): Case[] {
  const search = { ...DEFAULT_SEARCH, memory: "sc", liveness: false } as const;
  return [
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 2],
  ].flatMap(([readers = 0, times = 0]) => {
    const name = `${readers} x ${times}`;
    const alike = { ...search, variant: yardstick(readers, times, true) };
    const variant = yardstick(readers, times, false);
    const configuration = { ...search, reduction: false, variant };
    return [
      { name: `${name}, no reduction`, remembers: true, configuration },
      { name: `${name}, no reduction, every step run`, remembers: false, configuration },
      { name: `${name}, symmetric readers`, remembers: true, configuration: alike },
    ];
  });
}

function run(image: CheckImage, configuration: Configuration, remembers = true): Sample {
  const on = prepare(image, configuration);
  on.remembers = remembers;
  explore(on, { ...configuration, maxStates: 1 }, () => false); // learns what others may notice
  const started = performance.now();
  const explored = explore(on, configuration, () => false);
  return { explored, ms: performance.now() - started };
}

function printYardsticks(): void {
  const cases = yardsticks();
  const image = checkImage(cases.flatMap(({ configuration }) => configuration.variant.roots));
  const samples = cases.map((): Sample[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { configuration, remembers }] of cases.entries()) {
      samples[i]?.push(run(image, configuration, remembers));
    }
  }
  print(
    "yardstick, readers x times",
    "states",
    "transitions",
    "ms",
    "range",
    "M trans/s",
    "B/state",
  );
  for (const [i, { name }] of cases.entries()) {
    const own = samples[i] ?? [];
    const times = own.map(({ ms }) => ms).sort((a, b) => a - b);
    const { counts, bytes } = own[0]?.explored ?? { counts: null, bytes: 0 };
    if (counts === null) continue;
    const middle = median(times);
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    print(
      name,
      ...[number(counts.states), number(counts.transitions), number(middle, 1)],
      ...[`${number(first, 1)}-${number(last, 1)}`],
      ...[number(counts.transitions / middle / 1000, 2), number(bytes / counts.states)],
    );
  }
}

/**
 * The states of real scenarios with every access a step, and with those alone that others may notice. Cycles
 * are looked for, as the command does: the graph is among what a state takes.
 */
function printReduction(): void {
  const { abi } = kernelImage(TIERING);
  const wanted = /^(rwsem\/reader-writer|mutex\/two|percpu_ref\/user-killer|qsbr|removal)/;
  console.log();
  print("scenario, reduced or not", "states", "transitions", "ms", "B/state", "factor");
  for (const { scenario, variant, driver } of SCENARIOS.flatMap((one) => entriesOf(abi, one))) {
    const name = `${scenario.name}/${variant.name}`;
    if (!wanted.test(name) || variant.threads.length > 2) continue;
    const image = checkImage(variant.roots);
    const search = { ...DEFAULT_SEARCH, memory: "sc", variant } as const;
    const reduced = run(image, search);
    const whole = run(image, { ...search, reduction: false, maxStates: ENOUGH_STATES });
    const more = whole.explored.found.kind === "stopped" ? "over " : "";
    const subject = driver === null ? "" : ` ${driverName(driver)}`;
    const factor = whole.explored.counts.states / reduced.explored.counts.states;
    for (const [what, { explored, ms }] of [
      ["", reduced],
      ["  every access a step", whole],
    ] as const) {
      const { counts, bytes } = explored;
      const { states, transitions } = counts;
      const last = what === "" ? "" : `${more}${number(factor, 1)}`;
      const figures = [states, transitions, ms, bytes / states].map((figure) => number(figure));
      print(what || `${name}${subject}`, ...figures, last);
    }
  }
}

async function printStarts(): Promise<void> {
  console.log(
    "\nhotunplug check ..., from its start to its end, and without its search: ms (range)",
  );
  for (const { command, ms, searchMs } of await timed(STARTS, ROUNDS)) {
    const other = ms.map((whole, i) => whole - (searchMs[i] as number));
    const cells = [timesOf(ms), timesOf(other)].map(([middle, range]) => `${middle} (${range})`);
    console.log(`  ${cells.map((cell) => cell.padEnd(18)).join("")}${command}`);
  }
}

const counts = process.argv.slice(2).map(Number);
if (counts.some((count) => !(Number.isInteger(count) && count > 1 && count <= 64))) {
  console.error(`bench:check: numbers of workers, from 2 to 64, not ${process.argv.slice(2)}`);
  process.exit(2);
}
console.log(`node ${process.versions.node}, ${ROUNDS} rounds; with workers ${FEW_ROUNDS}`);
if (counts.length > 0) await printWorkers(counts, FEW_ROUNDS);
else {
  printYardsticks();
  printReduction();
  await printWorkers([2], FEW_ROUNDS);
  await printStarts();
}
