// SPDX-License-Identifier: GPL-2.0-only
/** What `check` leaves behind: a row a configuration, and the schedule that breaks what does not hold. */

/** How stores become visible to other CPUs. */
export type MemoryModel = "sc" | "tso" | "pso";

export type SearchOrder = "bfs" | "dfs" | "random" | "pct";

/**
 * holds: every schedule was explored, within what `bounds` says of the scenario itself.
 * bounded: nothing was found, and `unexplored` says what was left out.
 */
export type CheckVerdict = "holds" | "violated" | "bounded";

export interface CheckRow {
  readonly scenario: string;
  /** What was checked: a driver as in "put_device+rwsem", or a primitive. */
  readonly subject: string;
  readonly revision: string | null;
  readonly gate: string | null;
  /** Names of the threads, in the order of their CPUs. */
  readonly threads: readonly string[];
  readonly memory: MemoryModel;
  readonly search: SearchOrder;
  readonly verdict: CheckVerdict;
  /**
   * What a sound tool must say: a gate marked as sound holds, a control is violated. Null: the driver
   * is looked at as it stood, and whatever is found is a report.
   */
  readonly expected: "holds" | "violated" | null;
  /** Short name of the property that was violated, as in "use after free". */
  readonly property: string | null;
  /** What a bounded search left out, one sentence each. */
  readonly unexplored: readonly string[];
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest schedule from the start, each up to the next scheduling point. */
  readonly depth: number;
  readonly seconds: number;
  /** Upper bound of the chance that two states had one hash, so that one was not explored. */
  readonly collision: number;
  readonly counterexample: CounterExample | null;
  /**
   * Present where the checker itself failed, or its thread died: what it said. It is no verdict on what
   * was checked; one that was reached before stands.
   */
  readonly error?: string;
  /** The command that checks this again. */
  readonly command: string;
}

/** A schedule that ends in a violation. */
export interface CounterExample {
  readonly property: string;
  /** One line: what was seen, where. */
  readonly detail: string;
  readonly threads: readonly string[];
  readonly steps: readonly CheckStep[];
  /** Context switches in it. */
  readonly switches: number;
  /** Threads that sleep at the end, and on what. */
  readonly sleepers: readonly string[];
  /** What is known of the objects involved: where allocated, where freed. */
  readonly origins: readonly string[];
  /** The state of each lock word at the end, as in "cxl_memdev_rwsem.count = 0x102: 1 reader, waiters". */
  readonly locks: readonly string[];
  /** The steps from which a cycle repeats for ever; null where it is no livelock. */
  readonly cycleFrom: number | null;
  /** For --replay. */
  readonly schedule: string;
}

/** One access to memory, or one event, of one thread. */
export interface CheckStep {
  /** Index into threads. */
  readonly thread: number;
  /** Source function, as in "down_read". */
  readonly fn: string;
  /** Below assembly/, as in "kernel/locking/rwsem.ts:141"; null where the compiler left no trace. */
  readonly at: string | null;
  /** As in "load", "store", "add", "compare-exchange", "wait", "notify", "free". */
  readonly access: string;
  /** As in "cxl_memdev#1.cxlm". */
  readonly object: string;
  /** Value before and after, as printed; after is null for a load. */
  readonly before: string | null;
  readonly after: string | null;
  /** A scheduling point: others could have run before it. */
  readonly visible: boolean;
  /** What else happened, as in "sleeps", "wakes remover", "returns -ENXIO". */
  readonly note: string | null;
}

/** What somebody said that the driver does, and at which revisions it does. */
export interface ClaimRow {
  /** A short name of the claim, by which texts refer to it. */
  readonly id?: string;
  /** As in "an opener that came during a failed add uses freed memory". */
  readonly claim: string;
  /** Where it was said: a commit, a mail, a comment. */
  readonly source: string;
  readonly cells: readonly ClaimCell[];
}

export interface ClaimCell {
  readonly revision: string;
  /** Whether some schedule gets there; null: it was not found out. */
  readonly reachable: boolean | null;
  /** What was searched, as in "2 threads, every schedule". */
  readonly bound: string;
  /** One that gets there, for --replay. */
  readonly schedule: string | null;
  /** The command that `schedule` goes with. */
  readonly command?: string;
}
