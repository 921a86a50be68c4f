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
import { type Fleet, oversubscribed } from "./fleet.ts";
import type { BenchJob } from "./job.ts";
import { freeSite, makeSite, measurePair, type Site } from "./pairs.ts";

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

export class ReadBench {
  readonly #fleet: Fleet;
  readonly #options: ReadBenchOptions;
  readonly #cells: Cell[];
  readonly #sites = new Map<string, Site>();

  constructor(fleet: Fleet, options: ReadBenchOptions) {
    this.#fleet = fleet;
    this.#options = options;
    this.#cells = options.threads.flatMap((threads) =>
      devicesFor(threads, options.devices).flatMap((devices) =>
        options.contenders.map((contender) => ({ contender, threads, devices, samples: [] })),
      ),
    );
  }

  /** Measurements that a round makes. */
  get cells(): number {
    return this.#cells.length;
  }

  /** @param onCell - told before each measurement what it is */
  async round(random: Random, onCell: (label: string) => void, signal: AbortSignal): Promise<void> {
    for (const cell of shuffled(this.#cells, random)) {
      if (signal.aborted) return;
      const { contender, threads, devices } = cell;
      onCell(
        `${contender.name}, ${threads} ${threads === 1 ? "thread" : "threads"}, ${devices} device`,
      );
      const job = await this.#fleet.of(threads);
      const site = await this.#siteOf(job, contender);
      cell.samples.push(await measurePair(job, site, devices, this.#options.windowNs));
    }
  }

  async #siteOf(job: BenchJob, contender: Contender): Promise<Site> {
    const key = `${job.machine.cpus}/${contender.id}`;
    const there = this.#sites.get(key);
    if (there) return there;
    const site = await makeSite(job, contender);
    this.#sites.set(key, site);
    return site;
  }

  async free(): Promise<void> {
    for (const [key, site] of this.#sites) {
      const cpus = Number(key.split("/")[0]);
      await freeSite(await this.#fleet.of(cpus), site);
    }
    this.#sites.clear();
  }

  /** Rows of the cells that have at least one sample, raw and net of the empty loop. */
  rows(seed: number): PairRow[] {
    return this.#cells.flatMap((cell) => this.#row(cell, seed) ?? []);
  }

  #row(cell: Cell, seed: number): PairRow | null {
    const { contender, threads, devices, samples } = cell;
    if (samples.every((sample) => sample === null)) return null;
    const empty = this.#cells.find(
      (c) => c.contender.name === REFERENCE && c.threads === threads && c.devices === devices,
    );
    const net = empty ? lessBaseline(samples, empty.samples) : samples;
    const raw = summarize(samples, "ns/pair", seed);
    return {
      contender: contender.name,
      kind: contender.kind,
      workload: "read",
      threads,
      devices,
      oversubscribed: oversubscribed(threads),
      unit: "ns/pair",
      raw,
      net: net.every((sample) => sample === null) ? raw : summarize(net, "ns/pair", seed),
      samples,
    };
  }
}

/** One thread has one device either way: it is measured once. */
function devicesFor(threads: number, devices: readonly Devices[]): readonly Devices[] {
  return threads === 1 ? devices.slice(0, 1) : devices;
}
