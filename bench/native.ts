// SPDX-License-Identifier: GPL-2.0-only
/**
 * The native yardstick: each gate's read side in C beside the same in wasm, and locks that others made.
 * What the figures mean and why some ratios are what they are stands in docs/native.md.
 *
 *   npm run bench:native -- --help
 */
import { Fleet } from "../host/bench/fleet.ts";
import { commandLine } from "../host/cli/arguments.ts";
import { EXIT_INTERRUPTED, watchInterrupts } from "../host/cli/interrupt.ts";
import { progressOn } from "../host/cli/progress.ts";
import { type Page, pageOn } from "../host/cli/terminal.ts";
import { MachineError, UsageError } from "../host/errors.ts";
import { tierSelectable } from "../host/machine/engine.ts";
import { environmentOf } from "../host/machine/environment.ts";
import { wrap } from "../host/report/style.ts";
import { openTarget, type Target, toJson } from "../host/report/write.ts";
import type { Environment } from "../host/result/result.ts";
import { askedIn, helpLines, options, parseOptions } from "./native/options.ts";
import { measureCells } from "./native/rounds.ts";
import { drawNotes, drawRows, rowsOf } from "./native/table.ts";
import { buildYardstick, type Compiler, findCompiler } from "./native/toolchain.ts";
import { Yardstick } from "./native/yardstick.ts";

const SCHEMA = 1;

/** @returns the exit status */
async function main(args: readonly string[]): Promise<number> {
  const { stdout, env } = process;
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    const page = pageOn(stdout, env, null);
    page.print(helpLines(page.canvas.width));
    return 0;
  }
  const values = parseOptions(args);
  const compiler = findCompiler(env);
  const target = values.json === null || values.json === "-" ? null : openTarget(values.json);
  if (compiler !== null) return compareWith(compiler, values, target);
  target?.discard();
  stdout.write(`skipped: there is no C compiler ${JSON.stringify(env["CC"] || "cc")} ($CC)\n`);
  return 0;
}

async function compareWith(
  compiler: Compiler,
  values: ReturnType<typeof parseOptions>,
  target: Target | null,
): Promise<number> {
  const { stdout, stderr, env } = process;
  const { json, tier } = values;
  const asked = askedIn(values);
  const page = pageOn(json === "-" ? stderr : stdout, env, null);
  const { canvas } = page;
  const interruption = watchInterrupts(stderr, () => target?.discard());
  const { signal } = interruption;
  const progress = progressOn(stderr);
  const fleet = new Fleet({ ...(tierSelectable() ? { tier } : {}), seed: asked.seed });
  let yardstick: Yardstick | null = null;
  try {
    const line = `npm run bench:native -- ${commandLine(options(), values)}`;
    page.print([...wrap(line, canvas.width, "", "    "), ""]);
    const { path, without } = buildYardstick(compiler);
    yardstick = new Yardstick(path);
    const environment = { ...environmentOf((await fleet.of(1)).machine), cc: compiler.version };
    printPlace(page, environment);
    const onProgress = progress.update.bind(progress);
    const cells = await measureCells(yardstick, fleet, asked, { signal, onProgress });
    progress.end();
    const rows = rowsOf(cells, asked.seed);
    page.print([...drawRows(rows, canvas), ""]);
    page.print(drawNotes(rows, { without, peers: asked.peers }, canvas));
    const result = toJson({
      ...{ command: "bench:native", schema: SCHEMA, asked: { ...asked, tier }, environment },
      ...{ interrupted: signal.aborted, peersMissing: without, rows },
    });
    target?.save(result);
    if (json === "-") stdout.write(result);
    return signal.aborted ? EXIT_INTERRUPTED : 0;
  } finally {
    progress.end();
    interruption.release();
    target?.discard();
    await yardstick?.close();
    await fleet.close();
  }
}

function printPlace({ canvas, print }: Page, environment: Environment): void {
  const { cpu, cores, node, tier, cc } = environment as Record<string, string>;
  const place = `machine: ${cpu}, ${cores} cores, node ${node}; wasm in tier ${tier}; ${cc}`;
  print([...wrap(place, canvas.width, "", "  "), ""]);
}

function report(error: unknown): number {
  const known = error instanceof UsageError || error instanceof MachineError;
  const stack = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`bench:native: ${known ? error.message : `[harness bug] ${stack}`}\n`);
  return known ? error.exitStatus : 3;
}

process.exitCode = await main(process.argv.slice(2)).catch(report);
