// SPDX-License-Identifier: GPL-2.0-only
/** A result as text for a terminal, a pipe or a file. */
import { EMPTY_LOOP } from "../result/comparison.ts";
import type { Json, Result } from "../result/result.ts";
import { MIN_SAMPLES } from "../stats/bootstrap.ts";
import { drawAgainst, drawRepeat } from "./baseline.ts";
import { drawChecks } from "./check.ts";
import { drawClaims } from "./claims.ts";
import { drawDecision } from "./decision.ts";
import { drawBreakEvens, drawComparisons, drawPairs } from "./details.ts";
import { drawEngines } from "./engines.ts";
import { drawHistory } from "./history.ts";
import { noiseSentence } from "./noise.ts";
import { drawRoles } from "./roles.ts";
import { hasOversubscribed, isSideBySide, lacksRows } from "./rows.ts";
import { drawSelfTest } from "./selftest.ts";
import { sentencesOf } from "./sentences.ts";
import { hasUnstable, steadinessRemarks, UNSTABLE_NOTE } from "./steadiness.ts";
import { drawStorms } from "./storms.ts";
import { type Canvas, wrap } from "./style.ts";
import { tierText } from "./tier.ts";
import { formatNumber, formatRange } from "./units.ts";

/** An engine that takes this much longer for an atomic add than for an exchange makes a loop of it. */
const ADD_IS_A_LOOP = 1.25;

/** @returns lines without a newline, the last one not empty */
export function drawResult(result: Result, canvas: Canvas): string[] {
  if (result.command === "stress") {
    const storms = drawStorms(result, canvas, true);
    return joinBlocks([drawPlace(result, canvas), storms, drawRemarks(result, canvas)]);
  }
  if (result.roles) {
    return joinBlocks([
      drawPlace(result, canvas),
      drawRoles(result, canvas),
      result.noise ? wrap(noiseSentence(result), canvas.width) : [],
      drawComparisons(result, canvas),
      drawRepeat(result, canvas),
      drawAgainst(result, canvas),
      drawRemarks(result, canvas),
    ]);
  }
  const sideBySide = isSideBySide(result.comparisons);
  const detailed = result.command === "bench";
  return joinBlocks([
    drawPlace(result, canvas),
    sideBySide ? [] : withFootnotes(drawDecision(result, canvas), result, canvas),
    sentencesOf(result).flatMap((sentence) => wrap(sentence, canvas.width)),
    detailed ? drawPairs(result, canvas) : [],
    drawComparisons(result, canvas),
    drawBreakEvens(result, canvas),
    drawStorms(result, canvas, detailed),
    drawHistory(result, canvas),
    drawChecks(result, canvas, result.command !== "compare"),
    drawClaims(result, canvas),
    drawEngines(result, canvas),
    drawRepeat(result, canvas),
    drawAgainst(result, canvas),
    drawSelfTest(result, canvas),
    drawRemarks(result, canvas),
  ]);
}

/** One empty line between blocks; an empty block leaves none. */
export function joinBlocks(blocks: readonly (readonly string[])[]): string[] {
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, i) => (i > 0 ? ["", ...block] : block));
}

/** The machine and the tier that every figure below belongs to. */
function drawPlace(result: Result, canvas: Canvas): string[] {
  const lines = wrap(`machine: ${environmentText(result.environment)}`, canvas.width, "", "  ");
  const timed = result.pairs.length + result.removals.length + (result.roles ?? []).length;
  if (timed === 0 && !result.selftest) return lines;
  return [...lines, ...wrap(`tier: ${tierText(result.tier)}`, canvas.width, "", "  ")];
}

/** What is worth a place on the line, with the words that go with it. */
const ENVIRONMENT: readonly (readonly [key: string, before: string, after: string])[] = [
  ["cpu", "", ""],
  ["cores", "", " cores"],
  ["smt", "SMT", ""],
  ["cpuQuotaCores", "quota ", " cores"],
  ["hypervisor", "virtual: ", ""],
  ["governor", "governor ", ""],
  ["engine", "", ""],
  ["node", "node ", ""],
  ["v8", "V8 ", ""],
  ["v8Flags", "flags ", ""],
  ["clockResolutionNs", "clock step ", " ns"],
  ["loadAverage", "load ", ""],
  ["stealPct", "steal ", " %"],
  ["kernelSha256", "kernel.wasm ", ""],
];

function environmentText(environment: Result["environment"]): string {
  const parts = ENVIRONMENT.flatMap(([key, before, after]) => {
    const value = environment[key];
    if (value === undefined || value === null || value === "none" || value === false) return [];
    if (key === "node" && environment["engine"] !== undefined) return []; // said already
    if (value === true) return [before];
    const text = key === "kernelSha256" ? String(value).slice(0, 12) : jsonText(value);
    return text === "" ? [] : [`${before}${text}${after}`];
  });
  return parts.length > 0 ? parts.join(", ") : "not recorded";
}

function jsonText(value: Json): string {
  if (Array.isArray(value)) return value.map(jsonText).join(" ");
  if (typeof value === "number" && !Number.isInteger(value))
    return String(Number(value.toPrecision(3)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Seen on virtual machines with 2 cores: two regimes of one and the same loop, stable within a process. */
const RUN_TO_RUN_NOTE =
  "Intervals are over the rounds of this run. What threads pay for a line that they share also moves from one run to the next, by 2 times and more: repeat the run before you call one such gate slower than another.";
const REMOVAL_NOTE =
  "removal: from the call until nobody is inside and nobody can come in. During it: entrants block or spin (99th percentile of the longest), fail with ENXIO, or pass; readers, others: change in the rate of reads on this device while it is there, and on another one.";
const STORM_NOTE =
  "storm: held, or violated; caught: the negative control was found out, as it must be. Sanitized: every access is checked, and steps of adding a device fail now and then.";

const CHECK_NOTE =
  "check: every schedule of a client that opens, does an ioctl and closes, against a removal; bounded: not every one.";

const UNFIT_NOTE =
  "unfit: a body may not sleep in it, and an ioctl does; the check is of entrants that come twice, without a driver.";

function withFootnotes(table: readonly string[], result: Result, canvas: Canvas): string[] {
  if (table.length === 0) return [];
  const { dim } = canvas.style;
  const notes = [noiseSentence(result)].filter((sentence) => sentence !== "");
  if (result.pairs.length > 0) {
    const n = formatRange(result.pairs.map((row) => row.raw.n));
    const empty = result.pairs.some((row) => row.contender === EMPTY_LOOP);
    const net = empty ? ", less the empty loop (its own time in brackets)" : "";
    notes.push(`thr: threads. Times are medians of ${n} rounds${net}.`);
  }
  if (result.pairs.some((row) => row.threads > 1)) notes.push(RUN_TO_RUN_NOTE);
  if (lacksRows(result)) notes.push("-: no round of it could be used, or it was not reached.");
  if (hasUnstable(result)) notes.push(UNSTABLE_NOTE);
  if (hasOversubscribed(result)) {
    const cores = result.environment["cores"];
    const count = typeof cores === "number" ? ` (${cores})` : "";
    notes.push(
      `* oversubscribed, more threads than cores${count}: the figure is the scheduler's too.`,
    );
  }
  if (result.removals.length > 0) notes.push(REMOVAL_NOTE);
  if (result.storms.length > 0) notes.push(STORM_NOTE);
  if ((result.checks ?? []).some(({ gate }) => gate !== null)) notes.push(CHECK_NOTE);
  const through = result.storms.length > 0 || result.pairs.some((row) => row.workload === "ioctl");
  if (through && result.gates.some(({ atomic }) => atomic)) notes.push(UNFIT_NOTE);
  return [...table, "", ...notes.flatMap((note) => wrap(note, canvas.width).map(dim))];
}

/** Warnings that the figures themselves call for, the runner's notes, and how the run ended. */
function drawRemarks(result: Result, canvas: Canvas): string[] {
  const remarks = [...steadinessRemarks(result), ...result.notes.map((note) => `note: ${note}`)];
  if (result.comparisons.some((row) => row.pairs < MIN_SAMPLES)) {
    remarks.push(`note: under ${MIN_SAMPLES} rounds nothing is called faster or slower.`);
  }
  if (result.pairs.length > 0) remarks.unshift(...tierWarning(result));
  if (result.interrupted) {
    const after = formatNumber(result.durationS);
    remarks.push(`note: interrupted after ${after} s; the rows hold what was measured by then.`);
  }
  return remarks.flatMap((remark) => wrap(remark, canvas.width, "", "  "));
}

/** Said wherever the engine, and not only the algorithm, may decide between the gates. */
function tierWarning({ tier }: Result): string[] {
  const factor = tier.addOverExchange;
  const loop = factor !== null && factor > ADD_IS_A_LOOP;
  if (tier.selectable && !loop) return [];
  const why = tier.selectable ? "in this tier" : "in this engine, whose tier cannot be chosen,";
  const much =
    factor === null ? "an unmeasured multiple" : `${formatNumber(factor)} times the cost`;
  return [
    `warning: ${why} an atomic add takes ${much} of an exchange (near 1 in native code): gates that count with add and sub, such as rwsem and refcount, are charged the difference.`,
  ];
}
