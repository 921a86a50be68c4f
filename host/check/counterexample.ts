// SPDX-License-Identifier: GPL-2.0-only
/** From the actions that led to a violation to a schedule that a reader can follow. */
import { ACCESS } from "../machine/coroutine/access-table.ts";
import { NULL_PAGE } from "../machine/coroutine/accounts.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { FIELD } from "../machine/coroutine/regions.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import type { CounterExample } from "../result/check.ts";
import { lockLines, originLines, sleeperLines } from "./aftermath.ts";
import type { Configuration } from "./configuration.ts";
import { checkStep, conflict, type Draft, draft } from "./draft.ts";
import { minimise, switchesOf } from "./minimise.ts";
import { Names } from "./names.ts";
import { encode } from "./steer.ts";
import { Trace } from "./trace.ts";

/** Properties that a schedule breaks by going round for ever. */
const ENDLESS: ReadonlySet<string> = new Set(["livelock", "starvation"]);
/** Of a thread that goes round by itself no more steps are told. */
const ENDLESS_STEPS = 64;

/**
 * Minimises the context switches of `actions`, runs them once more and tells of each access.
 *
 * @param on - of the configuration; is left at the end of the schedule, or where the violation was
 * @param actions - from the start: see Interleaver.perform()
 */
export function counterExample(
  on: Interleaver,
  configuration: Configuration,
  actions: readonly number[],
  violation: Violation,
): CounterExample {
  const names = new Names(on);
  const least = minimise(on, actions, violation);
  const schedule = encode(on, names, least);
  const trace = new Trace(on, names);
  const { thrown, cycleFrom } = run(on, trace, least, violation);
  const found = thrown ?? violation;
  const steps = end(on, names, trace, found, thrown !== null);
  const ends = steps.some(({ thread }) => thread === on.threads);
  const counterexample: CounterExample = {
    property: found.property,
    detail: detailOf(names, found, steps.at(-1)),
    threads: names.threads.slice(0, configuration.variant.threads.length + (ends ? 1 : 0)),
    steps: steps.map(checkStep),
    switches: switchesOf(least),
    sleepers: sleeperLines(on, names),
    origins: originLines(on, names, found.address),
    locks: lockLines(on, names, steps),
    cycleFrom,
    schedule,
  };
  trace.close();
  return counterexample;
}

/** What running a schedule came to. */
interface Ran {
  /** Null for one that is in what is left: a deadlock, a livelock, a race. */
  readonly thrown: Violation | null;
  readonly cycleFrom: number | null;
}

/** Runs all, and the end where all have ended; of a livelock a turn of each that can go on as well. */
function run(on: Interleaver, trace: Trace, actions: readonly number[], wanted: Violation): Ran {
  const states = new Map<string, number>();
  const state = () => `${on.key1},${on.key2}`;
  let thrown = trace.restart();
  for (const action of actions) {
    if (thrown !== null) break;
    states.set(state(), trace.steps.length);
    thrown = trace.perform(action);
  }
  const isRace = wanted.property === "data race"; // it ends in its last access
  if (thrown === null && on.finished && !isRace) thrown = trace.finish();
  if (!ENDLESS.has(wanted.property)) return { thrown, cycleFrom: null };
  if (thrown !== null) {
    const from = trace.starts.at(-1) ?? 0;
    trace.steps.splice(from + ENDLESS_STEPS, trace.steps.length - from - ENDLESS_STEPS - 1);
    return { thrown, cycleFrom: from };
  }
  const from = states.get(state()) ?? trace.steps.length;
  if (from === trace.steps.length) {
    for (let t = 0; t < on.threads; t++) if (on.canRun(t)) trace.perform(t);
  }
  return { thrown, cycleFrom: from };
}

/** The steps, so that the last one is what broke the property. */
function end(
  on: Interleaver,
  names: Names,
  trace: Trace,
  found: Violation,
  thrown: boolean,
): Draft[] {
  if (found.property === "data race") return raceSteps(names, trace, found);
  const { steps } = trace;
  const last = steps.at(-1);
  if (thrown) return steps.concat(outcome(on, names, last, found));
  const [sleeper] = on.sleepers().toSorted((a, b) => Number(b.changed) - Number(a.changed));
  if (sleeper === undefined) return steps;
  const { thread, address } = sleeper;
  const site = on.machine.regions.get(thread, FIELD.site);
  const asleep = draft(thread, "wait", {
    ...names.where(site),
    ...{ object: names.name(address), before: names.value(address, 4), visible: true },
    ...{ notes: ["sleeps for ever"], address, bytes: 4 },
  });
  return [...steps, asleep];
}

/** Names in the last step what the violation is about; of one that no step is of, a step more. */
function outcome(
  on: Interleaver,
  names: Names,
  last: Draft | undefined,
  found: Violation,
): Draft[] {
  const { property, detail, address, site } = found;
  const object = address === 0 ? "" : names.target(address);
  const isAccess = site !== 0 || (last?.access === "drain" && address !== 0);
  if (last !== undefined && isAccess) {
    if (last.bytes === 0) last.object = object;
    return [];
  }
  const notes = [property === "leak" ? "nobody will free it" : detail];
  return [draft(on.machine.running, property, { fn: "the check", object, address, notes })];
}

/** Up to the access that raced; and says of the other one, in whose reach it is, which that was. */
function raceSteps(names: Names, trace: Trace, found: Violation): Draft[] {
  const { steps } = trace;
  const last = trace.raced ?? steps.at(-1);
  const early = trace.takeEarly();
  if (last === undefined) return early;
  const all = [...early.filter((step) => !steps.includes(last) || conflict(step, last)), ...steps];
  const told = all.slice(0, all.indexOf(last) + 1);
  const other = told.findLast((step) => conflict(step, last));
  const kind = ({ bits }: Draft) => ((bits & ACCESS.marked) === 0 ? "plain" : "marked");
  if (other !== undefined) other.notes.push(`${kind(other)}: races with the last step`);
  const who = names.threads[other?.thread ?? -1] ?? "another thread";
  last.notes.push(`${kind(last)}: nothing orders it behind what ${who} did`);
  if (last.bytes === 0) last.object = names.name(found.address);
  return told;
}

/** "write of cxl_mem#1.state, of a freed object" */
function detailOf(names: Names, { detail, address, site }: Violation, last?: Draft): string {
  const raw = `0x${address.toString(16)}`;
  // What the kernel tells is in brackets, and may be addresses: a message of check's own has none but `raw`.
  const said = /^\(.*\)$/.test(detail)
    ? detail
        .replace(raw, address < NULL_PAGE ? raw : names.target(address))
        .replace(/-?\d{4,}/g, (number) => names.format(Number(number)))
    : detail.replace(raw, names.target(address));
  if (address === 0 || last === undefined || detail.includes(raw)) return said;
  if (site === 0) return `${names.target(address)}: ${said}`;
  return `${last.access} ${names.name(address)} in ${names.site(site)}: ${said}`;
}
