// SPDX-License-Identifier: GPL-2.0-only
import { benchAsked, benchOptions } from "./bench.ts";
import { type Context, define } from "./command.ts";
import { measure } from "./measure.ts";
import { choices, integer } from "./options.ts";
import { refuseUnfit, someDrive } from "./unfit.ts";

const MS = 1e6;

/** One with a state for all devices and one with a state in each: enough for a first look. */
const USUAL = new Set(["rwsem", "percpu_ref"]);

function selfTestOptions(context: Context) {
  const { catalogue, cores } = context;
  const pace = { threads: [...new Set([1, Math.min(cores, 64)])], rounds: 12, windowNs: 5 * MS };
  const names = catalogue.gates.map(({ name }) => name);
  const usual = names.filter((name) => USUAL.has(name));
  return {
    runs: integer(1, 10_000, 30, "A/A runs, each on machines of its own"),
    ...benchOptions(context, pace),
    gates: choices("gate", names, usual, "gates, or all; each is set beside itself"),
  };
}

export const selftest = define({
  name: "selftest",
  summary: "how often bench calls a gate faster or slower than itself, and what it can see",
  operands: "",
  operandCounts: [0],
  about:
    "Measures each gate as two contenders, many times over, and compares the two as bench compares gates: what it calls faster or slower is a false alarm, and more than one in twenty end with status 1. From the same rounds follows the smallest difference that is seen in 4 of 5 comparisons. A slowdown of 1 us is put into an ioctl of 20 us besides, and must be found.",
  options: selfTestOptions,
  examples: [
    ["", "about a minute"],
    ["--runs 300 --json aa.json", "a closer look, with every round kept"],
    ["--gates all --workload ioctl", "whole ioctls through every gate"],
  ],
  run: (parsed, context, options) => {
    const { gates } = parsed.values;
    if (!someDrive(gates, context.catalogue))
      refuseUnfit("--gates", gates[0] ?? null, context.catalogue);
    const asked = { ...benchAsked(parsed), runs: parsed.values.runs };
    return measure("selftest", options, parsed, asked, context.runners.selftest, context);
  },
});
