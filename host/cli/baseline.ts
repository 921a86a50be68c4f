// SPDX-License-Identifier: GPL-2.0-only
/** `--save NAME` and `--against NAME` of the commands that time. */
import { UsageError } from "../errors.ts";
import { repeatOf } from "../report/agreement.ts";
import {
  BASELINES_FOLDER,
  isBaselineName,
  openBaseline,
  readBaseline,
} from "../report/baselines.ts";
import { failuresOf } from "../report/verdict.ts";
import { type Target, toJson } from "../report/write.ts";
import type { BenchAsked } from "../result/asked.ts";
import type { Result } from "../result/result.ts";
import type { RunContext, Runner } from "../result/run.ts";
import { MIN_SAMPLES } from "../stats/bootstrap.ts";
import { type AgainstWish, besideBaseline, refuseElsewhere } from "./against.ts";
import type { Context } from "./command.ts";
import { lateMs, runAgain, thisEngine } from "./elsewhere.ts";
import { Expected, type Option, percent, text, type Values } from "./options.ts";
import type { Load } from "./runners.ts";

function baselineName(help: string): Option<string | null> {
  return {
    ...{ placeholder: "NAME", help, initial: null },
    parse: (value) => {
      if (isBaselineName(value)) return value;
      throw new Expected(
        "a name of letters, digits, '.', '_' and '-' that begins with one of the first two",
      );
    },
    format: (value) => value,
  };
}

export function baselinesFolder(): Option<string | null> {
  return text("DIR", `folder that baselines are kept in [${BASELINES_FOLDER}]`);
}

/** @param beside - what makes a run one of two that are compared */
export function baselineOptions(beside = "--against") {
  return {
    save: baselineName("run twice, and store the result as a baseline if the two runs agree"),
    against: baselineName("set the result beside that baseline, row by row"),
    "fail-over": percent(
      1000,
      `with ${beside}: fail where a row is certain to be slower by more; a run over it is repeated first, twice at most`,
    ),
    baselines: baselinesFolder(),
  };
}

/** Those options, and --force, which is not about baselines alone. */
export type Wish = Values<ReturnType<typeof baselineOptions>> & {
  readonly force: boolean;
  /** Other engines to run in. */
  readonly engine: readonly string[];
};

/** @throws UsageError for options that do not go together */
export function checkWish(wish: Wish, rounds: number): void {
  const { save, against } = wish;
  if (save !== null && against !== null) {
    throw new UsageError(`--save ${save} and --against ${against}: expected one of them`);
  }
  if (against === null && wish["fail-over"] !== null) {
    throw new UsageError("--fail-over goes with --against");
  }
  if (wish.baselines !== null && save === null && against === null) {
    throw new UsageError("--baselines goes with --save or --against");
  }
  const needsRounds = save !== null ? "--save" : wish["fail-over"] !== null ? "--fail-over" : null;
  if (needsRounds !== null && rounds < MIN_SAMPLES) {
    throw new UsageError(
      `${needsRounds} needs ${MIN_SAMPLES} rounds or more, saw --rounds ${rounds}`,
    );
  }
}

/** A run that is set beside a baseline, or made twice to become one. */
export interface Baselined<A> {
  readonly load: Load<A>;
  /** What became of the baseline, for a person; after the run. */
  outcome(): string | null;
  /** Leaves nothing half-written. */
  release(): void;
}

/**
 * @param args - the command that makes the same run, without these options
 * @throws UsageError for a name that is not stored, a folder that cannot be written, and before anything
 *   is measured for a baseline of an unlike machine
 */
export async function baselined<A extends BenchAsked>(
  wish: Wish,
  asked: A,
  args: readonly string[],
  load: Load<A>,
  context: Context,
): Promise<Baselined<A>> {
  checkWish(wish, asked.rounds);
  const folder = wish.baselines ?? BASELINES_FOLDER;
  if (wish.save !== null) {
    return savedAfter(load, args, wish.save, openBaseline(folder, wish.save));
  }
  const none = { outcome: () => null, release() {} };
  if (wish.against === null) return { load, ...none };
  const beside: AgainstWish = {
    ...{ baseline: readBaseline(folder, wish.against), name: wish.against, args },
    ...{ force: wish.force, failOverPct: wish["fail-over"], engines: wish.engine },
    path: context.terminal.env["PATH"] ?? "",
    tell: (line) => tell(line, context),
  };
  if (wish.engine.length === 0) {
    refuseElsewhere(await (await context.runners.place())(asked.tier), asked, beside);
  }
  const { pairs, roles = [] } = beside.baseline;
  const timed = asked.roles
    ? roles.length > 0
    : pairs.some((row) => row.workload === asked.workload && asked.threads.includes(row.threads));
  if (!timed) {
    throw new UsageError(`baseline ${wish.against} and this run have no row in common`);
  }
  return { load: async () => besideBaseline(await load(), beside), ...none };
}

/** Beside a bar that redraws itself a line has one of its own. */
function tell(line: string, { terminal: { stderr } }: Context): void {
  stderr.write(`${stderr.isTTY ? "\n" : ""}${line}\n`);
}

function savedAfter<A>(
  load: Load<A>,
  args: readonly string[],
  name: string,
  target: Target,
): Baselined<A> {
  let outcome = `baseline ${name} is not stored`;
  const twice = (run: Runner<A>): Runner<A> => {
    return async (asked, context) => {
      const first = await run(asked, half(context, 1));
      if (first.interrupted) return first;
      const again = {
        ...{ program: thisEngine(), args, name: "the second run" },
        deadlineMs: lateMs(first),
      };
      const second = await runAgain(again, half(context, 2));
      if (second === null) return { ...first, interrupted: true };
      const result: Result = { ...second, repeat: repeatOf(first, second, name) };
      if (failuresOf(result).length > 0) return result;
      target.save(toJson(result));
      outcome = `baseline ${name} stored in ${target.path}`;
      return result;
    };
  };
  return {
    load: async () => twice(await load()),
    outcome: () => outcome,
    release: () => target.discard(),
  };
}

/** Progress of one of two runs, on the bar of both. */
function half({ signal, onProgress }: RunContext, which: 1 | 2): RunContext {
  return {
    signal,
    onProgress: ({ done, label }) => {
      onProgress({ done: (which - 1 + done) / 2, label: `run ${which} of 2: ${label}` });
    },
  };
}
