// SPDX-License-Identifier: GPL-2.0-only
/**
 * Native and wasm side by side: in each round every cell once, in an order drawn anew, and of a cell both
 * sides, one right after the other, in an order drawn anew. Whatever drifts hits both.
 */
import { baselines, type Contender } from "../../host/bench/contenders.ts";
import { type Fleet, oversubscribed } from "../../host/bench/fleet.ts";
import { makeSite, measurePair, nsPerOp, type Site } from "../../host/bench/pairs.ts";
import type { Devices } from "../../host/result/asked.ts";
import type { RunContext } from "../../host/result/run.ts";
import { type Random, randomFrom, shuffled } from "../../host/stats/random.ts";
import type { Rounds } from "../../host/stats/summary.ts";
import type { Twin, Yardstick } from "./yardstick.ts";

/** As long as that of measurePair(). */
const WARMUP_NS = 1_500_000;

export interface Asked {
  /** Gate names, as the module spells them. */
  readonly gates: readonly string[];
  readonly threads: readonly number[];
  readonly devices: readonly Devices[];
  readonly rounds: number;
  readonly windowNs: number;
  readonly seed: number;
  readonly peers: boolean;
}

/** ns a section, one a round: null where the round was dropped. A side that there is not is null. */
export interface Cell {
  readonly name: string;
  readonly kind: "gate" | "baseline" | "peer";
  readonly threads: number;
  readonly devices: Devices;
  readonly oversubscribed: boolean;
  readonly native: Rounds | null;
  readonly wasm: Rounds | null;
}

/** Both sides of a name. */
interface Pair {
  readonly name: string;
  readonly kind: Cell["kind"];
  readonly twin: Twin | null;
  readonly contender: Contender | null;
}

interface Measured extends Cell {
  readonly pair: Pair;
  readonly native: (number | null)[] | null;
  readonly wasm: (number | null)[] | null;
}

/** @throws MachineError when either side fails */
export async function measureCells(
  yardstick: Yardstick,
  fleet: Fleet,
  asked: Asked,
  { signal, onProgress }: RunContext,
): Promise<readonly Cell[]> {
  const { machine } = await fleet.of(1);
  const gates = asked.gates.map((name): Contender => {
    return { name, kind: "gate", id: machine.kernel.constant(`GATE_${name.toUpperCase()}`) };
  });
  const pairs = pairsOf([...gates, ...baselines(machine.kernel)], await yardstick.twins(), asked);
  const cells = cellsOf(pairs, asked);
  const sides = new Sides(yardstick, fleet, asked.windowNs, signal);
  const random = randomFrom(asked.seed);
  const total = cells.length * asked.rounds;
  let done = 0;
  for (let round = 1; round <= asked.rounds; round++) {
    for (const cell of shuffled(cells, random)) {
      if (signal.aborted) return cells;
      const label = `${cell.name}, ${cell.threads} threads, ${cell.devices} device`;
      onProgress({ done: done++ / total, label: `${label}, round ${round} of ${asked.rounds}` });
      await sides.measure(cell, random);
    }
  }
  return cells;
}

function pairsOf(
  contenders: readonly Contender[],
  twins: readonly Twin[],
  { peers }: Asked,
): Pair[] {
  const sides = contenders.map((contender): Pair => {
    const { name, kind } = contender;
    const twin = twins.find((one) => one.name === name && one.kind === kind) ?? null;
    return { name, kind, twin, contender };
  });
  if (!peers) return sides;
  const others = twins.flatMap((twin): Pair[] =>
    twin.kind === "peer" ? [{ name: twin.name, kind: "peer", twin, contender: null }] : [],
  );
  return [...sides, ...others.sort((a, b) => a.name.localeCompare(b.name))];
}

function cellsOf(pairs: readonly Pair[], { threads, devices }: Asked): Measured[] {
  return threads.flatMap((count) =>
    (count === 1 ? devices.slice(0, 1) : devices).flatMap((where) =>
      pairs.map((pair): Measured => {
        const { name, kind, twin, contender } = pair;
        return {
          ...{ name, kind, pair, threads: count, devices: where },
          oversubscribed: oversubscribed(count),
          native: twin ? [] : null,
          wasm: contender ? [] : null,
        };
      }),
    ),
  );
}

class Sides {
  readonly #yardstick: Yardstick;
  readonly #fleet: Fleet;
  readonly #windowNs: number;
  readonly #signal: AbortSignal;
  readonly #sites = new Map<string, Site>();

  constructor(yardstick: Yardstick, fleet: Fleet, windowNs: number, signal: AbortSignal) {
    this.#yardstick = yardstick;
    this.#fleet = fleet;
    this.#windowNs = windowNs;
    this.#signal = signal;
  }

  /** Both sides or neither: a round that is broken off between them is left out. */
  async measure(cell: Measured, random: Random): Promise<void> {
    const times: { native?: number | null; wasm?: number | null | undefined } = {};
    for (const side of shuffled(["native", "wasm"] as const, random)) {
      if (cell[side] === null) continue;
      const ns = side === "native" ? await this.#native(cell) : await this.#wasm(cell, random);
      if (ns === undefined) return;
      times[side] = ns;
    }
    cell.native?.push(times.native ?? null);
    cell.wasm?.push(times.wasm ?? null);
  }

  async #native({ pair, threads, devices, native }: Measured): Promise<number | null> {
    if (pair.twin === null) return null;
    const round = native?.length ?? 0;
    const request = { threads, devices, round, windowNs: this.#windowNs, warmupNs: WARMUP_NS };
    return nsPerOp(await this.#yardstick.read(pair.twin, request));
  }

  async #wasm(cell: Measured, random: Random): Promise<number | null | undefined> {
    const { pair, threads, devices, wasm } = cell;
    const { contender } = pair;
    if (contender === null) return null;
    const job = await this.#fleet.of(threads);
    const key = `${threads}/${contender.id}`;
    const site = this.#sites.get(key) ?? (await makeSite(job, contender, random));
    this.#sites.set(key, site);
    const round = wasm?.length ?? 0;
    const window = { windowNs: this.#windowNs, signal: this.#signal };
    return measurePair(job, site, { devices, round, ...window });
  }
}
