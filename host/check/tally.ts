// SPDX-License-Identifier: GPL-2.0-only
/**
 * How far a run of several searches is. How many states there are is not known before the end; breadth
 * first, as many wait as were ever going to when about half of them have been seen.
 */
import { formatCount } from "../result/counts.ts";
import type { Progress } from "../result/run.ts";
import type { Figures } from "./job.ts";

/** A rate is that of so long at the least. */
const RATE_MS = 1_000;
/** What is never said of a search that goes on. */
const MOST = 0.98;

interface Search {
  /** States that it is likely to have. */
  readonly likely: number;
  readonly name: string;
  /** Schedules are drawn, and `likely` is how many steps they have together. */
  readonly walk?: boolean;
  figures: Figures | null;
  /** States seen when most waited, and how many did. */
  seenAtPeak: number;
  peak: number;
  done: boolean;
}

export class Tally {
  readonly #searches: Search[];
  readonly #now: () => number;
  #rate = 0;
  #ratedMs: number;
  #ratedStates = 0;
  #ended = 0;
  #most = 0;

  /**
   * @param plan - the searches, and how many states each is likely to have: a guess
   * @param now - ms, of any monotonic clock
   */
  constructor(
    plan: readonly Pick<Search, "name" | "likely" | "walk">[],
    now: () => number = performance.now.bind(performance),
  ) {
    this.#now = now;
    this.#ratedMs = now();
    const fresh = { figures: null, seenAtPeak: 0, peak: 0, done: false };
    this.#searches = plan.map((search) => ({ ...search, ...fresh }));
  }

  figures(index: number, figures: Figures): void {
    const search = this.#searches[index] as Search; // one of the plan's
    search.figures = figures;
    if (figures.waiting >= search.peak) {
      search.peak = figures.waiting;
      search.seenAtPeak = figures.states;
    }
  }

  done(index: number, { states }: Figures): void {
    const search = this.#searches[index] as Search; // one of the plan's
    search.done = true;
    search.figures = null;
    this.#ended += states;
  }

  get progress(): Progress {
    const whole = this.#searches.reduce((sum, { likely }) => sum + likely, 0);
    const done = this.#searches.reduce((sum, search) => sum + search.likely * shareOf(search), 0);
    this.#most = Math.max(this.#most, whole === 0 ? 0 : Math.min(done / whole, 1));
    return { done: this.#most, label: this.#label() };
  }

  #label(): string {
    const running = this.#searches.filter(({ figures }) => figures !== null);
    const sum = (of: (figures: Figures) => number) =>
      running.reduce((total, { figures }) => total + (figures === null ? 0 : of(figures)), 0);
    this.#measure(this.#ended + sum(({ states }) => states));
    const ready = this.#searches.filter(({ done }) => done).length;
    const rate = `${formatCount(this.#rate)} states/s`;
    const frontier = `frontier ${formatCount(sum(({ waiting }) => waiting))}`;
    const of = this.#searches.length > 1 ? `${ready} of ${this.#searches.length}, ` : "";
    const names = running.map(({ name }) => name).join("; ");
    return `${of}${rate}, ${frontier}${names === "" ? "" : `: ${names}`}`;
  }

  /** A search that begins anew has fewer states than before: no rate is drawn from that. */
  #measure(states: number): void {
    const nowMs = this.#now();
    const ms = nowMs - this.#ratedMs;
    if (ms < RATE_MS && this.#rate > 0) return;
    const rate = ((states - this.#ratedStates) * 1000) / Math.max(ms, 1);
    if (rate > 0) this.#rate = rate;
    if (ms < RATE_MS) return;
    this.#ratedMs = nowMs;
    this.#ratedStates = states;
  }
}

function shareOf({ done, figures, likely, walk, seenAtPeak }: Search): number {
  if (done) return 1;
  if (figures === null) return 0;
  const { states, transitions, waiting } = figures;
  if (walk === true) return Math.min(transitions / likely, MOST);
  const all = Math.max(likely, 2 * seenAtPeak, states + waiting);
  return Math.min((states - waiting) / all, MOST);
}
