// SPDX-License-Identifier: GPL-2.0-only
/** The command line of bench:native. */
import { type Parsed, parse } from "../../host/cli/arguments.ts";
import { readCatalogue } from "../../host/cli/catalogue.ts";
import {
  choice,
  choices,
  duration,
  flag,
  integer,
  integers,
  type OptionSet,
  text,
} from "../../host/cli/options.ts";
import { UsageError } from "../../host/errors.ts";
import { TIERS } from "../../host/machine/engine.ts";
import { wrap } from "../../host/report/style.ts";
import type { Devices } from "../../host/result/asked.ts";
import type { Asked } from "./rounds.ts";

const MS = 1e6;

/** What a run is repeated by. @throws MachineError when there was no build */
export function options() {
  const gates = readCatalogue().gates.map(({ name }) => name);
  return {
    gates: choices("gate", gates, gates, "gates to measure, or all"),
    threads: integers(1, 64, [1, 2], "numbers of threads"),
    devices: choice(
      "devices",
      ["same", "own", "both"] as const,
      "both",
      "whether the threads share a device or have one each",
    ),
    rounds: integer(1, 10_000, 15, "rounds; each contender runs native and wasm once in each"),
    window: duration(1 * MS, 60e9, 20 * MS, "length of a timed window"),
    tier: choice(
      "tier",
      TIERS,
      "baseline",
      "compiler of the engine that makes the wasm side's code; default is the engine's own way",
    ),
    seed: integer(0, 2 ** 32 - 1, 1, "seed of the order and of the bootstrap"),
    peers: flag(true, "locks that others made, where they are installed"),
  };
}

const COMMON = {
  json: text("FILE", "save the figures as JSON; - writes them to stdout, and the text to stderr"),
  help: flag(false, "print this"),
};

type Options = ReturnType<typeof options> & typeof COMMON;

/** @throws UsageError that names the option and the value seen */
export function parseOptions(args: readonly string[]): Parsed<Options>["values"] {
  const { values, positionals } = parse(args, { ...options(), ...COMMON });
  const [extra] = positionals;
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  return values;
}

export function askedIn(values: Parsed<Options>["values"]): Asked {
  const devices: Devices[] = values.devices === "both" ? ["same", "own"] : [values.devices];
  const { gates, threads, rounds, window: windowNs, seed, peers } = values;
  return { gates, threads, devices, rounds, windowNs, seed, peers };
}

export function helpLines(width: number): string[] {
  const set: OptionSet = { ...options(), ...COMMON };
  const rows = Object.entries(set).map(([name, option]): [string, string] => {
    const { placeholder, help, initial, format } = option;
    if (placeholder === null) return [initial === true ? `--[no-]${name}` : `--${name}`, help];
    return [`--${name} ${placeholder}`, initial === null ? help : `${help} [${format(initial)}]`];
  });
  const column = Math.max(...rows.map(([left]) => left.length)) + 4;
  return [
    "usage: npm run bench:native -- [options]",
    "",
    ...wrap(
      "Times the read side of each gate twice, as its C twin in bench/native and as the module's own, in turn, and prints wasm over native. The C compiler is $CC or cc; without one the run is skipped.",
      width,
    ),
    "",
    ...rows.flatMap(([left, right]) =>
      wrap(right, width, `  ${left}`.padEnd(column), " ".repeat(column)),
    ),
  ];
}
