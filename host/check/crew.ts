// SPDX-License-Identifier: GPL-2.0-only
/**
 * Does jobs on several threads. A thread that dies or falls silent fails the job that it had, and that
 * one alone; a run that is interrupted keeps what is done, and how far the rest is.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Woven } from "./image.ts";
import { type Figures, type Job, NO_FIGURES, NO_GAPS, type Outcome } from "./job.ts";
import { isOutOfMemory } from "./out-of-memory.ts";
import type { FromSearcher, Shared, ToSearcher } from "./protocol.ts";

const SEARCHER_URL = new URL(`./searcher${extname(import.meta.url)}`, import.meta.url);

/** A thread that says nothing for so long hangs: a search does ten times a second. */
const SILENT_MS = 120_000;
/** How long a search that is told to stop may take to do so. */
const STOP_MS = 5_000;

export interface CrewOrders {
  /** What all jobs are done with; called once the threads are on their way, which takes them a while. */
  readonly weave: () => Woven;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onFigures: (job: number, figures: Figures) => void;
  readonly onDone: (job: number, outcome: Outcome) => void;
  /** Instead of SILENT_MS. */
  readonly silentMs?: number;
}

/** The job that a thread has in hand. */
interface InHand {
  readonly startedMs: number;
  figures: Figures;
  readonly onFigures: (figures: Figures) => void;
  readonly resolve: (outcome: Outcome) => void;
}

class Searcher {
  alive = true;
  readonly #worker: Worker;
  readonly #silentMs: number;
  #inHand: InHand | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(silentMs: number) {
    this.#silentMs = silentMs;
    this.#worker = new Worker(SEARCHER_URL, { trackUnmanagedFds: false, execArgv: [] });
    this.#worker.on("message", (message: FromSearcher) => this.#heard(message));
    this.#worker.on("error", (error) => this.#died(error));
    this.#worker.on("exit", (code) =>
      this.#died(new Error(`its thread exited with status ${code}`)),
    );
  }

  share(shared: Shared): void {
    this.#post({ type: "share", shared });
  }

  #post(message: ToSearcher): void {
    this.#worker.postMessage(message);
  }

  /** Never rejects. */
  check(job: Job, onFigures: InHand["onFigures"]): Promise<Outcome> {
    return new Promise((resolve) => {
      const startedMs = performance.now();
      this.#inHand = { startedMs, figures: NO_FIGURES, onFigures, resolve };
      this.#expectWord();
      this.#post({ type: "check", job });
    });
  }

  #expectWord(): void {
    clearTimeout(this.#timer);
    const late = () =>
      this.#giveUp("failed", `its thread was silent for ${this.#silentMs / 1000} s`);
    this.#timer = setTimeout(late, this.#silentMs);
  }

  #heard(message: FromSearcher): void {
    const { alive } = this;
    if (this.#inHand === null || !alive) return;
    this.#expectWord();
    if (message.type === "progress") {
      this.#inHand.figures = message.figures;
      this.#inHand.onFigures(message.figures);
    } else if (message.type === "done") this.#settle(message.outcome);
  }

  #settle(outcome: Outcome): void {
    clearTimeout(this.#timer);
    const inHand = this.#inHand;
    this.#inHand = null;
    inHand?.resolve(outcome);
  }

  /** Ends the job from here, as it stands. */
  #fail(end: "failed" | "interrupted" | "memory", error: string | null): void {
    if (this.#inHand === null) return;
    const { figures, startedMs } = this.#inHand;
    const seconds = (performance.now() - startedMs) / 1000;
    const nothing = { property: null, counterexample: null, gaps: NO_GAPS };
    this.#settle({ ...nothing, end, figures, seconds, error });
  }

  #died(reason: Error): void {
    this.alive = false;
    if (isOutOfMemory(reason)) this.#fail("memory", null);
    else this.#fail("failed", reason.message);
  }

  #giveUp(end: "failed" | "interrupted", error: string | null): void {
    this.alive = false;
    this.#fail(end, error);
    void this.#worker.terminate();
  }

  /** The flag was raised: it is to come to its end soon. */
  hurry(): void {
    if (this.#inHand === null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp("interrupted", null), STOP_MS);
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#worker.terminate();
  }
}

/**
 * @param jobs - in the order in which they are begun
 * @returns an outcome for each; null for one that was not begun before the interruption
 * @throws what `weave` does
 */
export async function doJobs(
  jobs: readonly Job[],
  { weave, threads, signal, onFigures, onDone, silentMs = SILENT_MS }: CrewOrders,
): Promise<(Outcome | null)[]> {
  const outcomes: (Outcome | null)[] = jobs.map(() => null);
  if (signal.aborted) return outcomes;
  const searchers: Searcher[] = [];
  const start = () => {
    const searcher = new Searcher(silentMs);
    searchers.push(searcher);
    return searcher;
  };
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const interrupt = () => {
    Atomics.store(stop, 0, 1);
    for (const searcher of searchers) searcher.hurry();
  };
  let next = 0;
  const work = async (first: Searcher, shared: Shared) => {
    let searcher = first;
    searcher.share(shared);
    while (next < jobs.length && !signal.aborted) {
      const index = next++;
      if (!searcher.alive) {
        searcher = start();
        searcher.share(shared);
      }
      const outcome = await searcher.check(jobs[index] as Job, (figures) =>
        onFigures(index, figures),
      );
      outcomes[index] = outcome;
      onDone(index, outcome);
    }
  };
  signal.addEventListener("abort", interrupt);
  try {
    const crew = Array.from({ length: Math.min(threads, jobs.length) }, start);
    const shared = { woven: weave(), stop };
    await Promise.all(crew.map((searcher) => work(searcher, shared)));
  } finally {
    signal.removeEventListener("abort", interrupt);
    await Promise.all(searchers.map((searcher) => searcher.end()));
  }
  return outcomes;
}
