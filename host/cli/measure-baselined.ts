// SPDX-License-Identifier: GPL-2.0-only
import type { BenchAsked } from "../result/asked.ts";
import { argumentsOf } from "./arguments.ts";
import { baselined, baselineOptions, type Wish } from "./baseline.ts";
import type { Context } from "./command.ts";
import { inEngines } from "./engines.ts";
import { measure } from "./measure.ts";
import type { Option, OptionSet, Values } from "./options.ts";
import type { Load } from "./runners.ts";

/** The options that this file's commands share. */
type Shared = OptionSet &
  ReturnType<typeof baselineOptions> & {
    readonly force: Option<boolean>;
    readonly engine: Option<readonly string[]>;
  };

/** measure(), with --engine, --save and --against. */
export async function measureBaselined<A extends BenchAsked, S extends Shared>(
  name: string,
  options: S,
  parsed: Parameters<typeof measure<A, S>>[2] & {
    readonly values: Wish & { readonly engine: readonly string[] };
  },
  asked: A,
  load: Load<A>,
  context: Context,
): Promise<number> {
  const argumentsWithout = (own: readonly string[]) => {
    const others = Object.entries(options).filter(([key]) => !own.includes(key));
    const values = parsed.values as Values<OptionSet>;
    return [name, ...argumentsOf(Object.fromEntries(others), values)];
  };
  const { values } = parsed;
  const baselining = [...Object.keys(baselineOptions()), "force"];
  const path = context.terminal.env["PATH"] ?? "";
  const here =
    values.engine.length === 0
      ? load
      : inEngines(values.engine, argumentsWithout([...baselining, "engine"]), { path, asked });
  const run = await baselined(values, asked, argumentsWithout(baselining), here, context);
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
