// SPDX-License-Identifier: GPL-2.0-only
/** What every measuring command does around its runner. */

import { wrap } from "../report/style.ts";
import { drawResult, joinBlocks } from "../report/text.ts";
import { failuresOf, faultsOf } from "../report/verdict.ts";
import { openTarget, type Target, toJson } from "../report/write.ts";
import type { Result } from "../result/result.ts";
import type { Runner } from "../result/run.ts";
import { commandLine, type Parsed } from "./arguments.ts";
import type { Context } from "./command.ts";
import { EXIT_INTERRUPTED, watchInterrupts } from "./interrupt.ts";
import type { OptionSet, Values } from "./options.ts";
import { progressOn } from "./progress.ts";
import { type Page, pageOn, type Stream, type Terminal } from "./terminal.ts";

/** The values of the options that every command has. */
interface Output {
  readonly json: string | null;
  readonly width: number | null;
}

export const EXIT_HELD = 0;
export const EXIT_FAILED = 1;
export const EXIT_MACHINE = 3;

/**
 * Loads what runs, which may find what was asked wrong; prints the parameters, runs, draws and saves.
 *
 * @param options - those that make up the printed command line, in its order
 * @returns the exit status
 */
export async function measure<A, S extends OptionSet>(
  name: string,
  options: S,
  parsed: Parsed<S> & { readonly values: Output },
  asked: A,
  load: () => Promise<Runner<A>>,
  context: Context,
): Promise<number> {
  const { terminal } = context;
  const out = outputOf(parsed.values, terminal);
  const interruption = watchInterrupts(terminal.stderr, () => out.target?.discard());
  onClosedPipe(terminal.stdout, () => {
    if (!out.target) interruption.abandon();
  });
  const progress = progressOn(terminal.stderr);
  try {
    const run = await load();
    const line = `hotunplug ${name} ${commandLine(options, parsed.values as Values<S>)}`;
    out.page.print([...wrap(line, out.page.canvas.width, "", "    "), ""]);
    const { signal } = interruption;
    const result = await run(asked, { signal, onProgress: (p) => progress.update(p) });
    progress.end();
    return finish(result, out);
  } finally {
    progress.end();
    interruption.release();
    out.target?.discard();
  }
}

interface Destination {
  readonly page: Page;
  /** Null: no file was asked for. */
  readonly target: Target | null;
  /** Set where the JSON goes to a stream instead. */
  readonly stream: Stream | null;
}

/** Opens the file, if there is to be one: a path that cannot be written ends the run here. */
export function outputOf({ json, width }: Output, { stdout, stderr, env }: Terminal): Destination {
  if (json === "-") return { page: pageOn(stderr, env, width), target: null, stream: stdout };
  const target = json === null ? null : openTarget(json);
  return { page: pageOn(stdout, env, width), target, stream: null };
}

/** Draws and saves a result. @returns the exit status that it calls for */
export function finish(result: Result, { page, target, stream }: Destination): number {
  const failures = failuresOf(result);
  const faults = faultsOf(result);
  const { width, style } = page.canvas;
  const failed = [...failures, ...faults].flatMap((line) =>
    wrap(`failed: ${line}`, width, "", "  ").map(style.bad),
  );
  target?.save(toJson(result));
  const saved = target ? [`result saved in ${target.path}`] : [];
  page.print(joinBlocks([drawResult(result, page.canvas), failed, saved]));
  stream?.write(toJson(result));
  if (result.interrupted) return EXIT_INTERRUPTED;
  if (failures.length > 0) return EXIT_FAILED;
  return faults.length > 0 ? EXIT_MACHINE : EXIT_HELD;
}

/** A reader that has had enough (`| head`) is no error; see also cli.ts. */
function onClosedPipe(stream: Stream, act: () => void): void {
  if ("once" in stream && typeof stream.once === "function") stream.once("error", act);
}
