// SPDX-License-Identifier: GPL-2.0-only
import type { BenchAsked } from "../result/asked.ts";
import { argumentsOf } from "./arguments.ts";
import { baselined, baselineOptions, type Load, type Wish } from "./baseline.ts";
import type { Context } from "./command.ts";
import { measure } from "./measure.ts";
import type { Option, OptionSet, Values } from "./options.ts";

/** The options that this file's commands share. */
type Baselining = OptionSet & ReturnType<typeof baselineOptions> & { force: Option<boolean> };

/** measure(), with --save and --against. */
export async function measureBaselined<A extends BenchAsked, S extends Baselining>(
  name: string,
  options: S,
  parsed: Parameters<typeof measure<A, S>>[2] & { readonly values: Wish },
  asked: A,
  load: Load<A>,
  context: Context,
): Promise<number> {
  const own = new Set([...Object.keys(baselineOptions()), "force"]);
  const others = Object.fromEntries(Object.entries(options).filter(([key]) => !own.has(key)));
  const args = [name, ...argumentsOf(others, parsed.values as Values<OptionSet>)];
  const run = await baselined(parsed.values, asked, args, load, context);
  process.on("exit", run.release);
  try {
    const status = await measure(name, options, parsed, asked, run.load, context);
    const outcome = run.outcome();
    if (outcome !== null) context.terminal.stderr.write(`${outcome}\n`);
    return status;
  } finally {
    process.off("exit", run.release);
    run.release();
  }
}
