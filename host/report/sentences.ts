// SPDX-License-Identifier: GPL-2.0-only
/**
 * Two or three sentences drawn from the figures. "Less", "more", "faster" and "slower" are said only
 * where an interval supports them; where it includes 1 the sentence says that no difference was
 * seen, never that there is none.
 */
import type { CheckRow } from "../result/check.ts";
import { formatPlural } from "../result/counts.ts";
import type { ComparisonRow, Metric, RemovalRow, Result, StormRow } from "../result/result.ts";
import { MIN_SAMPLES } from "../stats/bootstrap.ts";
import {
  distinct,
  isControl,
  isSideBySide,
  isUnexpected,
  isUnfit,
  metricName,
  verdictStorms,
} from "./rows.ts";
import { formatNs, formatNumber } from "./units.ts";

/** @returns sentences, none when nothing was compared or stormed */
export function sentencesOf(result: Result): string[] {
  if (isSideBySide(result.comparisons)) return [sideBySideSentence(result.comparisons)];
  const rows = result.comparisons.filter((row) => isOffer(result, row.a));
  const gate = bestGate(rows);
  const sentences = gate ? [costSentence(rows, gate), removalSentence(result, rows, gate)] : [];
  const verdicts = [stormSentence(result), checkSentence(result)];
  return [...sentences, ...verdicts].filter((sentence) => sentence !== "");
}

/** Neither a control nor a gate that failed its storm or check is worth recommending, nor one for no ioctl. */
function isOffer(result: Result, gate: string): boolean {
  if (isControl(result, gate) || isUnfit(result, gate)) return false;
  if (result.checks?.some((check) => check.gate === gate && isUnexpected(check))) return false;
  return !verdictStorms(result).some((storm) => storm.gate === gate && !storm.held);
}

/** The rows to judge by: as many threads as the cores allow, or as were measured at all. */
function leadingRows(rows: readonly ComparisonRow[], devices: Metric["devices"]): ComparisonRow[] {
  const ours = rows.filter((r) => r.metric.what !== "removal" && r.metric.devices === devices);
  const calm = ours.filter((row) => !row.metric.oversubscribed);
  const pool = calm.length > 0 ? calm : ours;
  const threads = Math.max(...pool.map((row) => row.metric.threads));
  return pool.filter((row) => row.metric.threads === threads);
}

/** The one with the least time on a shared device; on devices of their own if that is all there is. */
function bestGate(rows: readonly ComparisonRow[]): string | null {
  const shared = leadingRows(rows, "same");
  const pool = shared.length > 0 ? shared : leadingRows(rows, "own");
  return [...pool].sort((a, b) => a.ratio.median - b.ratio.median)[0]?.a ?? null;
}

function costSentence(rows: readonly ComparisonRow[], gate: string): string {
  const [first, second] = (["same", "own"] as const).flatMap((devices) => {
    const row = leadingRows(rows, devices).find((r) => r.a === gate);
    return row ? [row] : [];
  });
  if (!first) return "";
  const each = first.metric.what === "ioctl" ? "an ioctl" : "an enter/exit pair";
  const { a, b } = first;
  const said =
    first.word === "no difference seen"
      ? `${differenceInWords(first)} between ${a} and ${b} for ${each}`
      : `${a} is ${differenceInWords(first)} as ${b} for ${each}`;
  if (first.pairs < MIN_SAMPLES) return tooFewSentence(first);
  const main = `${whereInWords(first)}, ${said} (${interval(first)})`;
  if (!second) return sentence(main);
  return sentence(
    `${main}; ${whereInWords(second)}, ${differenceInWords(second)} (${interval(second)})`,
  );
}

/** Of so few rounds not even "no difference seen" should be read as a finding. */
function tooFewSentence({ a, b, pairs }: ComparisonRow): string {
  return sentence(`${formatPlural(pairs, "round")} are too few to tell ${a} from ${b}`);
}

function whereInWords({ metric }: ComparisonRow): string {
  const where = metric.devices === "same" ? "on one shared device" : "on a device each";
  return `${where}, ${formatPlural(metric.threads, "thread")}`;
}

/** "58.8 times as fast", "1.40 times as slow", "no difference was seen". */
function differenceInWords({ ratio, word }: ComparisonRow): string {
  if (word === "no difference seen") return "no difference was seen";
  if (word === "slower") return `${formatNumber(ratio.median)} times as slow`;
  return ratio.low > 0 ? `${formatNumber(1 / ratio.median)} times as fast` : "many times as fast";
}

/** Turned over where the words before it are about speed and not about time. */
function interval({ ratio, word, pairs }: ComparisonRow): string {
  const turned = word === "faster" && ratio.low > 0;
  const [low, high] = turned ? [1 / ratio.high, 1 / ratio.low] : [ratio.low, ratio.high];
  const of = word === "faster" && !turned ? " of the ratio of times" : "";
  const rounds = word === "no difference seen" ? `, ${formatPlural(pairs, "round")}` : "";
  return `95 % interval${of} ${formatNumber(low)} to ${formatNumber(high)}${rounds}`;
}

/** What the gate costs at removal: of the busy removal with the fewest readers, else of the idle one. */
function removalSentence(result: Result, rows: readonly ComparisonRow[], gate: string): string {
  const ours = rows.filter((row) => row.metric.what === "removal" && row.a === gate);
  const row = ours.find((r) => r.metric.condition === "busy") ?? ours[0];
  if (!row || row.pairs < MIN_SAMPLES) return "";
  const of = (name: string) =>
    result.removals.find(
      (r) =>
        r.contender === name &&
        r.condition === row.metric.condition &&
        r.readers === row.metric.threads,
    );
  const [a, b] = [of(gate), of(row.b)];
  const when =
    row.metric.condition === "idle"
      ? "When an idle device is removed"
      : "When a device in use is removed";
  const tail = a && b ? `; ${tailInWords(a, b)}` : "";
  const said =
    row.word === "no difference seen"
      ? `no difference was seen between ${gate} and ${row.b}`
      : `${gate} is ${differenceInWords(row)} as ${row.b}`;
  return sentence(`${when}, ${said} (${interval(row)})${tail}`);
}

/** Percentiles have no interval here: they are set side by side, and no word is drawn from them. */
function tailInWords(a: RemovalRow, b: RemovalRow): string {
  const p99 = `its p99 was ${formatNs(a.latency.p99)} beside ${formatNs(b.latency.p99)}`;
  if (a.entrantOutcome === b.entrantOutcome) return p99;
  const fates = { blocks: "block", fails: "fail at once", passes: "get in", spins: "spin" };
  const fate = fates[a.entrantOutcome];
  return `${p99}, and those who come meanwhile ${fate}`;
}

function controlsWere(drivers: readonly string[]): string {
  const one = drivers.length === 1;
  return `the control${one ? "" : "s"} ${listed(drivers)} ${one ? "was" : "were"}`;
}

function stormSentence(result: Result): string {
  const storms = verdictStorms(result);
  const drivers = (rows: readonly StormRow[]) => distinct(rows.map((storm) => storm.driver));
  const ours = storms.filter((storm) => !isControl(result, storm.gate));
  const controls = storms.filter((storm) => isControl(result, storm.gate));
  const all = drivers(ours);
  const failed = drivers(ours.filter((storm) => !storm.held));
  const missed = drivers(controls.filter((storm) => storm.held));
  const caught = drivers(controls.filter((storm) => !storm.held));
  const parts: string[] = [];
  if (failed.length > 0) parts.push(`in the removal storms ${listed(failed)} did not hold`);
  else if (all.length === 1) parts.push(`in the removal storm ${listed(all)} held`);
  else if (all.length > 1) parts.push(`in the removal storms all ${all.length} drivers held`);
  if (missed.length > 0) {
    parts.push(`${controlsWere(missed)} not caught, so that says little`);
  } else if (caught.length > 0) parts.push(`${controlsWere(caught)} caught`);
  return sentence(parts.join(", and "));
}

/** Beside measurements; of a check alone its table says all. */
function checkSentence(result: Result): string {
  const { command, checks = [] } = result;
  const sound = checks.filter(({ expected, gate }) => {
    return expected === "holds" && !isUnfit(result, gate);
  });
  if (command !== "compare" || sound.length === 0) return "";
  const subjects = (rows: readonly CheckRow[]) => listed(rows.map(({ subject }) => subject));
  const failed = sound.filter(isUnexpected);
  const short = sound.filter(({ verdict }) => verdict === "bounded");
  if (failed.length > 0) return sentence(`a schedule was found that breaks ${subjects(failed)}`);
  const all = sound.length === 1 ? subjects(sound) : `all ${sound.length} drivers`;
  if (short.length === 0)
    return sentence(`in every schedule of a client against a removal ${all} held`);
  return sentence(
    `no schedule was found that breaks ${all}; not every one was tried of ${subjects(short)}`,
  );
}

/** How often a word fell, and where the difference was largest. @param subject - what is set beside */
export function sideBySideSentence(rows: readonly ComparisonRow[], subject = "B"): string {
  const worded = rows.filter((row) => row.word !== "no difference seen");
  const most = [...worded].sort((x, y) => sizeOf(y) - sizeOf(x))[0];
  const count = (word: ComparisonRow["word"]) => rows.filter((row) => row.word === word).length;
  const counts = `${subject} is slower in ${count("slower")}, faster in ${count("faster")}, and not seen to differ in ${count("no difference seen")} of ${formatPlural(rows.length, "row")}`;
  if (!most) return sentence(counts);
  const where = `most in ${most.a}, ${metricName(most.metric)}: ${differenceInWords(most)} (${interval(most)})`;
  return sentence(`${counts}; ${where}; by chance alone one row in twenty would get a word`);
}

function sizeOf({ ratio }: ComparisonRow): number {
  return ratio.median > 0 ? Math.abs(Math.log(ratio.median)) : Number.POSITIVE_INFINITY;
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join();
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function sentence(text: string): string {
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
