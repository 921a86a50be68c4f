// SPDX-License-Identifier: GPL-2.0-only
import { totalmem } from "node:os";
import { UsageError } from "../errors.ts";
import { openTarget } from "../report/write.ts";
import type { CheckAsked } from "../result/asked.ts";
import type { MemoryModel, SearchOrder } from "../result/check.ts";
import type { Result } from "../result/result.ts";
import type { Parsed } from "./arguments.ts";
import { type Context, define } from "./command.ts";
import { bound, optionalInteger } from "./limits.ts";
import { measure } from "./measure.ts";
import { nearest, suggestion } from "./nearest.ts";
import { bytes, choice, flag, integer, optionalChoice, text, writeBytes } from "./options.ts";
import { stepThrough } from "./stepper.ts";
import { type TraceFile, traceFile } from "./trace.ts";
import { refuseUnfit } from "./unfit.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** A machine keeps a bit for each of its threads, and one of them has a role that there is one of. */
const MOST_THREADS = 7;
const MOST_PREEMPTIONS = 1_000;
/** States are numbered in 31 bits. */
const MOST_STATES = 2 ** 31 - 2;

function memoryLimit(): number {
  return Math.min(2 * GIB, Math.floor(totalmem() / 2 / MIB) * MIB);
}

function checkOptions({ catalogue, cores }: Context) {
  const revisions = catalogue.revisions.map((revision) => revision.name);
  const gates = catalogue.gates.map((gate) => gate.name);
  return {
    revision: optionalChoice("revision", revisions, "the driver as it stood at a commit [each]"),
    gate: optionalChoice("gate", gates, "gate to build it with [each]"),
    threads: optionalInteger(1, MOST_THREADS, "threads of the role that there can be several of"),
    memory: choice(
      "memory",
      ["sc", "tso", "pso"] as const satisfies MemoryModel[],
      "sc",
      "order in which others see a thread's stores: at once; late; late, and not in its order",
    ),
    search: choice(
      "search",
      ["bfs", "dfs", "random", "pct"] as const satisfies SearchOrder[],
      "bfs",
      "all schedules, the shortest or the deepest first; or some, drawn evenly or by priorities",
    ),
    seed: integer(0, 2 ** 32 - 1, 1, "seed of what is drawn"),
    bound: bound("preemptions", MOST_PREEMPTIONS, "only schedules with so many preemptions"),
    "max-states": optionalInteger(1, MOST_STATES, "stop after so many states"),
    "memory-limit": bytes(16 * MIB, 1024 * GIB, memoryLimit(), "stop at so much memory for states"),
    workers: optionalInteger(
      1,
      64,
      `threads that search: several configurations at once, or one together; default: ${cores}, one each`,
    ),
    reduction: flag(true, "take steps that nobody else can notice in one order only"),
    trace: text("FILE", "write the schedules of what is violated to a file, as text", "a file"),
    replay: text(
      "SCHEDULE",
      "run this schedule and no other; step by step on a terminal",
      "a schedule",
    ),
  };
}

type Options = ReturnType<typeof checkOptions>;
type CheckParsed = Parsed<Options>;

async function checkAsked(parsed: CheckParsed, context: Context): Promise<CheckAsked> {
  const { values, positionals } = parsed;
  const { revision, gate, threads, memory, search, seed, bound, workers, reduction } = values;
  const { scenario, variant } = await operand(positionals[0], context);
  refuse(parsed, context, scenario);
  return {
    ...{ scenario, variant, revision, gate, threads, memory, search, seed, bound },
    ...{ workers, reduction, replay: values.replay },
    maxStates: values["max-states"],
    memoryLimitBytes: values["memory-limit"],
  };
}

/** SCENARIO or SCENARIO/VARIANT. */
async function operand(
  given: string | undefined,
  { runners }: Context,
): Promise<Pick<CheckAsked, "scenario" | "variant">> {
  if (given === undefined) return { scenario: null, variant: null };
  const [name = "", variant = null] = given.split(/\/(.*)/s);
  const names = (await runners.scenarios()).map((entry) => entry.name);
  const plain = (text: string) => text.replaceAll("_", "-");
  const scenario = names.find((one) => plain(one) === plain(name));
  if (scenario !== undefined) return { scenario, variant };
  const hint = nearest(name, names) ? suggestion(name, names) : `; there are ${names.join(", ")}`;
  throw new UsageError(`unknown scenario ${JSON.stringify(name)}${hint}`);
}

/** What does not go together. */
function refuse({ values }: CheckParsed, { catalogue }: Context, scenario: string | null): void {
  const { revision, gate, threads, replay, bound, search } = values;
  const takesGate = catalogue.revisions.find(({ name }) => name === revision)?.takesGate;
  if (takesGate === false && gate !== null) {
    throw new UsageError(`--gate ${gate}: the revision ${revision} brings its own`);
  }
  if (takesGate === true) refuseUnfit("--gate", gate, catalogue);
  if (bound !== null && (search === "random" || search === "pct")) {
    throw new UsageError(`--bound preemptions=${bound}: not with --search ${search}`);
  }
  if (threads !== null && scenario === null) {
    throw new UsageError(`--threads ${threads} goes with a scenario, and none is named`);
  }
  if (replay !== null && scenario === null) {
    throw new UsageError("--replay goes with the scenario that the schedule is of; none is named");
  }
  if (values.trace !== null && scenario === "history") {
    throw new UsageError(
      `--trace ${values.trace}: the schedules of history are replayed one by one`,
    );
  }
  const limit = values["memory-limit"];
  if (limit <= totalmem()) return;
  const has = writeBytes(Math.floor(totalmem() / MIB) * MIB);
  throw new UsageError(`--memory-limit ${writeBytes(limit)}: this machine has ${has} in all`);
}

export const check = define({
  name: "check",
  summary: "explore every schedule of a few threads, and say whether all of them hold",
  operands: "[SCENARIO[/VARIANT]]",
  operandCounts: [0, 1],
  about:
    "Runs the very kernel.wasm as coroutines, an access to memory at a time, in every order that can make a difference. Without a scenario it is the suite: each gate and revision in each scenario, and then what commit messages and the review said of the driver, which `history` alone looks into as well. Of what does not hold the shortest schedule is found, which the command behind `again:` replays; it is drawn where that is one configuration, or was to hold: then the status is 1.",
  options: checkOptions,
  examples: [
    ["", "the suite"],
    ["removal --gate percpu-ref", "one client against a removal, through one gate"],
    ["removal --gate busted --trace busted.txt", "the negative control: its schedule, kept"],
    ["history", "what was said of the driver, and at which revision it is so"],
    ["removal --threads 2 --bound preemptions=2", "more threads, and not every schedule"],
  ],
  run: async (parsed, context, options) => {
    const asked = await checkAsked(parsed, context);
    const name = ["check", ...parsed.positionals].join(" ");
    const { trace: path, json, width } = parsed.values;
    if (path !== null && path === json) {
      throw new UsageError(`--trace ${path}: --json has the same file`);
    }
    const trace = path === null ? null : traceFile(openTarget(path, "--trace"));
    let result: Result | null = null;
    const load = async () => {
      const run = await context.runners.check(asked);
      return async (...args: Parameters<typeof run>) => {
        result = await run(...args);
        return result;
      };
    };
    try {
      const status = await measure(name, options, parsed, asked, load, context);
      if (result !== null)
        await after(result, trace, { json, width, replay: asked.replay }, context);
      return status;
    } finally {
      trace?.discard();
    }
  },
});

interface Wish {
  readonly json: string | null;
  readonly width: number | null;
  readonly replay: string | null;
}

/** What becomes of the schedules that were found, beside being drawn. */
async function after(
  { checks = [] }: Result,
  trace: TraceFile | null,
  { json, width, replay }: Wish,
  { terminal }: Context,
): Promise<void> {
  if (trace !== null) terminal.stderr.write(`${trace.save(checks)}\n`);
  const row = checks[0];
  const watched = terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
  if (replay === null || json !== null || row === undefined || !watched) return;
  await stepThrough(row, terminal, width);
}
