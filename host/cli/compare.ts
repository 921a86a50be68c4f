// SPDX-License-Identifier: GPL-2.0-only
import { UsageError } from "../errors.ts";
import { readResult } from "../report/saved.ts";
import { compareResults } from "../report/side-by-side.ts";
import { baselineOptions } from "./baseline.ts";
import { benchAsked, benchOptions, paceOf, threadCounts } from "./bench.ts";
import { type Context, define } from "./command.ts";
import { engineOption } from "./engines.ts";
import { finish, outputOf } from "./measure.ts";
import { measureBaselined } from "./measure-baselined.ts";
import { duration, flag } from "./options.ts";

const MS = 1e6;

/** What there has to be for a result to be set beside another. */
const BESIDE = "--against or two saved results";

function compareOptions(context: Context) {
  return {
    quick: flag(false, "fewer rounds, shorter windows and storms: a first look in about a minute"),
    ...benchOptions(context, paceOf(context)),
    storm: duration(10 * MS, 3600e9, 5e9, "length of each gate's storm"),
    engine: engineOption(),
    ...baselineOptions(BESIDE),
    force: flag(false, `with ${BESIDE}: compare unlike environments all the same`),
  };
}

/** What --quick changes, where the command line does not say otherwise. */
function quickValues({ cores }: Context) {
  const threads = [...new Set([...threadCounts(cores), cores])].filter((count) => count <= 64);
  return { threads, rounds: 12, window: 10 * MS, storm: 1e9 };
}

/** Options that say something of two saved results; the others are about a run. */
const FOR_SAVED = new Set(["force", "fail-over", "json", "width"]);

export const compare = define({
  name: "compare",
  summary: "measure and storm all gates and say which to use; or compare two saved results",
  operands: "A.json B.json",
  operandCounts: [0, 2],
  about:
    "Runs bench in both its workloads and storms for each gate, pairs the gates round by round, and prints a decision table, ratios with 95 % intervals and the length of ioctl from which each gate's cost is under 1 %. Given two saved results it sets B beside A instead.",
  options: compareOptions,
  examples: [
    ["--quick", "a first look"],
    ["--gates rwsem,percpu-ref --json today.json", "the two sides of the patch, kept"],
    ["before.json after.json", "what changed between two runs on one machine"],
    ["before.json after.json --fail-over 10%", "status 1 if anything got over 10 % slower"],
  ],
  run: async (parsed, context, options) => {
    const { values, given, positionals } = parsed;
    const [a, b] = positionals;
    if (a !== undefined && b !== undefined) {
      const stray = [...given].find((name) => !FOR_SAVED.has(name));
      if (stray) throw new UsageError(`--${stray} has no meaning beside two saved results`);
      const failOverPct = values["fail-over"];
      return compareSaved({ a, b, force: values.force, failOverPct }, values, context);
    }
    for (const name of ["force", "fail-over"]) {
      if (given.has(name) && values.against === null) {
        throw new UsageError(`--${name} goes with ${BESIDE}`);
      }
    }
    const quick = values.quick ? quickValues(context) : {};
    const unsaid = Object.entries(quick).filter(([name]) => !given.has(name));
    const filled = {
      ...parsed,
      values: { ...values, ...Object.fromEntries(unsaid) } as typeof values,
    };
    const asked = {
      ...benchAsked(filled),
      quick: values.quick,
      stormMs: filled.values.storm / MS,
    };
    return measureBaselined("compare", options, filled, asked, context.runners.compare, context);
  },
});

function compareSaved(
  asked: { a: string; b: string; force: boolean; failOverPct: number | null },
  output: { json: string | null; width: number | null },
  { terminal, version }: Context,
): number {
  const [a, b] = [readResult(asked.a), readResult(asked.b)];
  const tool = { name: "hotunplug", version } as const;
  const result = compareResults(a, b, asked, { tool, startedAt: new Date().toISOString() });
  return finish(result, outputOf(output, terminal));
}
