// SPDX-License-Identifier: GPL-2.0-only
/**
 * The read workload of a run: every contender in every setting once a round, in an order that is drawn
 * anew each round, so that whatever drifts hits all alike and ratios can be taken within a round.
 */
import type { Devices } from "../result/asked.ts";
import type { PairRow } from "../result/result.ts";
import { type Random, shuffled } from "../stats/random.ts";
import { lessBaseline, summarize } from "../stats/summary.ts";
import type { BaselineName, Contender } from "./contenders.ts";
import { type Machines, oversubscribed } from "./fleet.ts";
import type { Job } from "./job.ts";
import { makeSite, measurePair, type Site } from "./pairs.ts";
import { devicesFor, missingNote, type Part } from "./part.ts";

const REFERENCE: BaselineName = "empty loop";

/** One cell of the table: what is measured once a round. */
interface Cell {
  readonly contender: Contender;
  readonly threads: number;
  readonly devices: Devices;
  readonly samples: (number | null)[];
}

export interface ReadBenchOptions {
  readonly contenders: readonly Contender[];
  readonly threads: readonly number[];
  readonly devices: readonly Devices[];
  readonly windowNs: number;
}

export class ReadBench implements Part {
  readonly weight = 1;
  readonly #machines: Machines;
  readonly #windowNs: number;
  readonly #cells: readonly Cell[];
  readonly #sites = new Map<string, Site>();

  constructor(machines: Machines, options: ReadBenchOptions) {
    this.#machines = machines;
    this.#windowNs = options.windowNs;
    this.#cells = options.threads.flatMap((threads) =>
      devicesFor(threads, options.devices).flatMap((devices) =>
        options.contenders.map((contender) => ({ contender, threads, devices, samples: [] })),
      ),
    );
  }

  get cells(): number {
    return this.#cells.length;
  }

  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    for (const cell of shuffled(this.#cells, random)) {
      if (signal.aborted) return;
      onCell(labelOf(cell));
      const job = await this.#machines.of(cell.threads);
      const site = await this.#siteOf(job, cell.contender);
      const ns = await measurePair(job, site, cell.devices, this.#windowNs, signal);
      if (ns !== undefined) cell.samples.push(ns);
    }
  }

  async #siteOf(job: Job, contender: Contender): Promise<Site> {
    const key = `${job.machine.cpus}/${contender.id}`;
    const there = this.#sites.get(key);
    if (there) return there;
    const site = await makeSite(job, contender);
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

function labelOf({ contender, threads, devices }: Cell): string {
  return `${contender.name}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${devices} device`;
}
