// SPDX-License-Identifier: GPL-2.0-only
/**
 * The read workload of a run: every contender in every setting once a round, in an order that is drawn
 * anew each round, so that whatever drifts hits all alike and ratios can be taken within a round.
 */
import type { PairRow } from "../result/result.ts";
import type { Random } from "../stats/random.ts";
import { lessBaseline, summarize } from "../stats/summary.ts";
import type { BaselineName, Contender } from "./contenders.ts";
import { type Machines, oversubscribed } from "./fleet.ts";
import type { Job } from "./job.ts";
import { makeSite, measurePair, type Site } from "./pairs.ts";
import {
  type Cell,
  type CellOptions,
  cellsOf,
  labelOf,
  measureCells,
  missingNote,
  type Part,
} from "./part.ts";

const REFERENCE: BaselineName = "empty loop";

export interface ReadBenchOptions extends CellOptions {
  readonly windowNs: number;
}

export class ReadBench implements Part {
  readonly weight = 1;
  readonly #machines: Machines;
  readonly #windowNs: number;
  readonly #cells: readonly Cell[];
  readonly #sites = new Map<string, Site>();
  #round = 0;

  constructor(machines: Machines, options: ReadBenchOptions) {
    this.#machines = machines;
    this.#windowNs = options.windowNs;
    this.#cells = cellsOf(options);
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    const round = this.#round++;
    await measureCells(this.#cells, random, signal, async (cell) => {
      onCell(labelOf(cell));
      const job = await this.#machines.of(cell.threads);
      const site = await this.#siteOf(job, cell.contender, random);
      return measurePair(job, site, {
        ...{ devices: cell.devices, round, windowNs: this.#windowNs, signal },
      });
    });
  }

  async #siteOf(job: Job, contender: Contender, random: Random): Promise<Site> {
    const key = `${job.machine.cpus}/${contender.name}`;
    const there = this.#sites.get(key);
    if (there) return there;
    const site = await makeSite(job, contender, random);
    this.#sites.set(key, site);
    return site;
  }

  /** Rows of the cells that have at least one round to their name, raw and net of the empty loop. */
  rows(seed: number): PairRow[] {
    return this.#cells
      .filter((cell) => this.#isMeasured(cell))
      .map((cell) => this.#row(cell, seed));
  }

  notes(): string[] {
    return missingNote(this.#cells.filter((cell) => !this.#isMeasured(cell)).map(labelOf));
  }

  #isMeasured(cell: Cell): boolean {
    return this.#net(cell).some((sample) => sample !== null);
  }

  /** ns, one a round: less the empty loop of that round, null where one of the two was dropped. */
  #net({ threads, devices, samples }: Cell): (number | null)[] {
    const empty = this.#cells.find(
      (c) => c.contender.name === REFERENCE && c.threads === threads && c.devices === devices,
    );
    return empty ? lessBaseline(samples, empty.samples) : samples;
  }

  #row(cell: Cell, seed: number): PairRow {
    const { contender, threads, devices, samples } = cell;
    return {
      contender: contender.name,
      kind: contender.kind,
      workload: "read",
      threads,
      devices,
      oversubscribed: oversubscribed(threads),
      unit: "ns/pair",
      raw: summarize(samples, "ns/pair", seed),
      net: summarize(this.#net(cell), "ns/pair", seed),
      samples,
    };
  }
}
