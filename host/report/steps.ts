// SPDX-License-Identifier: GPL-2.0-only
/** The steps of a schedule as they are shown: which are left out, and what each one says. */
import type { CheckStep, CounterExample } from "../result/check.ts";
import { formatCount } from "../result/counts.ts";
import { wrap } from "./style.ts";

/** A step, or a few of one thread that say nothing. */
export type Shown =
  | { readonly kind: "step"; readonly index: number; readonly step: CheckStep }
  | {
      readonly kind: "skipped";
      readonly index: number;
      readonly thread: number;
      readonly count: number;
    };

/** So many in a row are told one by one rather than counted. */
const FEW = 2;

/**
 * The object that a name is of: "cxl_memdev#1" for "cxl_memdev#1.dev.kobj_ref". What belongs to a CPU is
 * told apart by one name more: "cpu1.task".
 */
export function objectOf(name: string): string {
  return /^(?:cpu\d+\.)?[^.+[]*/.exec(name)?.[0] ?? name;
}

/** The object of the last step: in the end it is what was misused, or is waited for. */
export function lastObject({ steps }: CounterExample): string | null {
  const last = steps.at(-1);
  return last ? objectOf(last.object) : null;
}

/** Shortens what a thread does in private, but not on the object that the last step is about. */
export function shownSteps(found: CounterExample): Shown[] {
  const { steps, cycleFrom } = found;
  const object = lastObject(found);
  const isDull = (step: CheckStep, index: number) =>
    !step.visible &&
    step.note === null &&
    objectOf(step.object) !== object &&
    index < steps.length - 1;
  const shown: Shown[] = [];
  for (let from = 0; from < steps.length; ) {
    const first = steps[from] as CheckStep; // from < steps.length
    let to = from;
    for (let step = steps[to]; step && isDull(step, to); step = steps[to]) {
      if (step.thread !== first.thread || (to > from && to === cycleFrom)) break;
      to++;
    }
    if (to - from > FEW) {
      shown.push({ kind: "skipped", index: from, thread: first.thread, count: to - from });
      from = to;
    } else {
      shown.push({ kind: "step", index: from, step: first });
      from++;
    }
  }
  return shown;
}

/** What a step did to which object, and the values: "add sem.count: 0x0 -> 0x100". */
function accessText({ access, object, before, after }: CheckStep): string {
  const what = object === "" ? access : `${access} ${object}`;
  if (before === null && after === null) return what;
  if (after === null) return `${what}: ${before}`;
  return `${what}: ${before ?? "?"} -> ${after}`;
}

/**
 * The lines of a cell.
 *
 * @param name - what the first line begins with; "" in a column of the thread's own
 * @param sameSite - it is where the step above it is, which says so already
 */
export function stepLines(
  step: CheckStep,
  name: string,
  sameSite: boolean,
  width: number,
): string[] {
  const site = [step.fn, ...(step.at === null ? [] : [step.at])].join(" ");
  const head = name === "" ? site : `${name}: ${site}`;
  return [
    ...(sameSite ? [] : within(head, width, "", "  ")),
    ...within(accessText(step), width, "  ", "    "),
    ...(step.note === null ? [] : within(`=> ${step.note}`, width, "  ", "     ")),
  ];
}

export function skippedLines(count: number, name: string, width: number): string[] {
  const said = `... ${formatCount(count)} private accesses`;
  return within(name === "" ? said : `${name}: ${said}`, width, "", "  ");
}

/** As wrap(), but a word that is longer than the line is broken too: a column must not bulge. */
function within(text: string, width: number, first: string, rest: string): string[] {
  const room = Math.max(width - Math.max(first.length, rest.length), 1);
  const words = text
    .split(" ")
    .flatMap((word) => word.match(new RegExp(`.{1,${room}}`, "g")) ?? "");
  return wrap(words.join(" "), width, first, rest);
}
