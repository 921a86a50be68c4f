// SPDX-License-Identifier: GPL-2.0-only
/** The removal rows of a run: each gate idle and busy, once a round. */
import type { RemovalRow } from "../result/result.ts";
import { histogramOf } from "../stats/histogram.ts";
import { type Random, shuffled } from "../stats/random.ts";
import { type Summary, summarize } from "../stats/summary.ts";
import { type Contender, entrantOutcome } from "./contenders.ts";
import { type Fleet, oversubscribed } from "./fleet.ts";
import { lossPct, measureRemoval, medianLatency } from "./removals.ts";

interface Cell {
  readonly contender: Contender;
  readonly readers: number;
  readonly latencies: number[];
  readonly entrants: number[];
  readonly samples: (number | null)[];
  readonly losses: (number | null)[];
  readonly effects: (number | null)[];
}

export interface RemovalBenchOptions {
  readonly contenders: readonly Contender[];
  /** Readers of the busy rows; 0: idle rows alone. */
  readonly readers: number;
  /** Removals a round and row. */
  readonly removals: number;
}

export class RemovalBench {
  readonly #fleet: Fleet;
  readonly #options: RemovalBenchOptions;
  readonly #cells: Cell[];

  constructor(fleet: Fleet, options: RemovalBenchOptions) {
    this.#fleet = fleet;
    this.#options = options;
    const conditions = options.readers > 0 ? [0, options.readers] : [0];
    this.#cells = options.contenders.flatMap((contender) =>
      conditions.map((readers) => ({
        contender,
        readers,
        latencies: [],
        entrants: [],
        samples: [],
        losses: [],
        effects: [],
      })),
    );
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    for (const cell of shuffled(this.#cells, random)) {
      if (signal.aborted) return;
      onCell(`removal of ${cell.contender.name}, ${cell.readers === 0 ? "idle" : "busy"}`);
      if (cell.readers === 0) await this.#idle(cell);
      else await this.#busy(cell);
    }
  }

  async #idle(cell: Cell): Promise<void> {
    const job = await this.#fleet.of(1);
    const { contender } = cell;
    const { removals } = this.#options;
    const round = await measureRemoval(job, { contender, removals, readers: "same" });
    cell.latencies.push(...round.latencies);
    cell.samples.push(medianLatency(round));
  }

  async #busy(cell: Cell): Promise<void> {
    const job = await this.#fleet.of(cell.readers + 1);
    const { contender } = cell;
    const { removals } = this.#options;
    const calm = await measureRemoval(job, { contender, removals, readers: "same", dry: true });
    const round = await measureRemoval(job, { contender, removals, readers: "same" });
    const calmOther = await measureRemoval(job, {
      contender,
      removals,
      readers: "other",
      dry: true,
    });
    const other = await measureRemoval(job, { contender, removals, readers: "other" });
    cell.latencies.push(...round.latencies);
    for (const reader of round.entrants) cell.entrants.push(...reader);
    cell.samples.push(medianLatency(round));
    cell.losses.push(lossPct(round, calm));
    const lost = lossPct(other, calmOther);
    cell.effects.push(lost === null ? null : -lost);
  }

  rows(seed: number): RemovalRow[] {
    return this.#cells
      .filter((cell) => cell.latencies.length > 0)
      .map((cell) => ({
        contender: cell.contender.name,
        condition: cell.readers === 0 ? "idle" : "busy",
        readers: cell.readers,
        oversubscribed: oversubscribed(cell.readers + 1),
        latency: histogramOf(cell.latencies),
        samples: cell.samples,
        entrantOutcome: entrantOutcome(cell.contender.name),
        entrant: cell.entrants.length > 0 ? histogramOf(cell.entrants) : null,
        readersLossPct: summaryOf(cell.losses, seed),
        othersEffectPct: summaryOf(cell.effects, seed),
      }));
  }
}

function summaryOf(values: readonly (number | null)[], seed: number): Summary | null {
  return values.some((value) => value !== null) ? summarize(values, "%", seed) : null;
}
