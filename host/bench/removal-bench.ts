// SPDX-License-Identifier: GPL-2.0-only
/** The removal rows of a run: each gate idle and busy, once a round. */
import type { RemovalRow } from "../result/result.ts";
import { histogramOf } from "../stats/histogram.ts";
import { type Random, shuffled } from "../stats/random.ts";
import { type Summary, summarize } from "../stats/summary.ts";
import type { Gate } from "./contenders.ts";
import { type Machines, oversubscribed } from "./fleet.ts";
import type { Job } from "./job.ts";
import type { Part } from "./part.ts";
import { lossPct, measureRemoval, medianLatency, type RemovalRequest } from "./removals.ts";

/** A removal cell costs about this many pair cells. */
const WEIGHT = 2;

interface Cell {
  readonly gate: Gate;
  readonly readers: number;
  readonly latencies: number[];
  readonly entrants: number[];
  readonly samples: (number | null)[];
  readonly losses: (number | null)[];
  readonly effects: (number | null)[];
}

export interface RemovalBenchOptions {
  readonly gates: readonly Gate[];
  /** Readers of the busy rows; 0: idle rows alone. */
  readonly readers: number;
  /** Removals a round and row. */
  readonly removals: number;
}

export class RemovalBench implements Part {
  readonly weight = WEIGHT;
  readonly #machines: Machines;
  readonly #removals: number;
  readonly #cells: readonly Cell[];

  constructor(machines: Machines, { gates, readers, removals }: RemovalBenchOptions) {
    this.#machines = machines;
    this.#removals = removals;
    const conditions = readers > 0 ? [0, readers] : [0];
    this.#cells = gates.flatMap((gate) =>
      conditions.map((n) => ({
        ...{ gate, readers: n, latencies: [], entrants: [], samples: [], losses: [], effects: [] },
      })),
    );
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    for (const cell of shuffled(this.#cells, random)) {
      if (signal.aborted) return;
      onCell(`removal of ${cell.gate.name}, ${cell.readers === 0 ? "idle" : "busy"}`);
      const job = await this.#machines.of(cell.readers + 1);
      if (cell.readers === 0) await this.#idle(cell, job, signal);
      else await this.#busy(cell, job, signal);
    }
  }

  #request({ gate }: Cell, signal: AbortSignal): RemovalRequest {
    return { contender: gate, removals: this.#removals, readers: "same", signal };
  }

  async #idle(cell: Cell, job: Job, signal: AbortSignal): Promise<void> {
    const round = await measureRemoval(job, this.#request(cell, signal));
    if (round === null) return;
    cell.latencies.push(...round.latencies);
    cell.samples.push(medianLatency(round));
  }

  /** With readers on the device, then on another one; each after its own calm. */
  async #busy(cell: Cell, job: Job, signal: AbortSignal): Promise<void> {
    const request = this.#request(cell, signal);
    const onOther = { ...request, readers: "other" as const };
    const calm = await measureRemoval(job, { ...request, dry: true });
    const round = calm && (await measureRemoval(job, request));
    const calmOther = round && (await measureRemoval(job, { ...onOther, dry: true }));
    const other = calmOther && (await measureRemoval(job, onOther));
    if (!other) return; // stopped: a round counts whole or not at all
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
        contender: cell.gate.name,
        condition: cell.readers === 0 ? "idle" : "busy",
        readers: cell.readers,
        oversubscribed: oversubscribed(cell.readers + 1),
        latency: histogramOf(cell.latencies),
        samples: cell.samples,
        entrantOutcome: cell.gate.entrants,
        entrant: cell.entrants.length > 0 ? histogramOf(cell.entrants) : null,
        readersLossPct: summaryOf(cell.losses, seed),
        othersEffectPct: summaryOf(cell.effects, seed),
      }));
  }

  notes(): string[] {
    return []; // a removal is measured whatever the others do
  }
}

function summaryOf(values: readonly (number | null)[], seed: number): Summary | null {
  return values.some((value) => value !== null) ? summarize(values, "%", seed) : null;
}
