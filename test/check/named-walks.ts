// SPDX-License-Identifier: GPL-2.0-only
/** Schedules drawn at random, with every access told by name: in objects, and in what CPUs have of them. */
import { DEFAULT_SEARCH, prepare } from "../../host/check/configuration.ts";
import { finish, violationOf } from "../../host/check/ending.ts";
import type { CheckImage } from "../../host/check/image.ts";
import { Names, type Where } from "../../host/check/names.ts";
import type { SuiteEntry } from "../../host/check/scenarios/table.ts";
import type { Place } from "../../host/machine/address-book.ts";
import { ACCESS } from "../../host/machine/coroutine/access-table.ts";
import type { Interleaver } from "../../host/machine/coroutine/interleaver.ts";

/** Of one schedule; those of spinners go on and on. */
const ACTIONS = 300;

export interface Access {
  /** Who makes it; of the program's end one more than there are. */
  readonly thread: number;
  readonly writes: boolean;
  readonly place: Place;
  readonly where: Where;
}

export interface Scene {
  readonly on: Interleaver;
  readonly names: Names;
}

/** A machine at the start of a variant. */
export function sceneOf(image: CheckImage, { variant }: SuiteEntry): Scene {
  const on = prepare(image, { ...DEFAULT_SEARCH, variant, memory: "sc" });
  const names = new Names(on);
  names.restart();
  return { on, names };
}

/** Tells of each access of one schedule, the end included; the same for the same `seed`. */
export function walk({ on, names }: Scene, seed: number, tell: (access: Access) => void): void {
  const { machine } = on;
  const { abi, layout } = machine;
  const [units, stride] = [abi.constant("PERCPU_BASE"), abi.constant("PERCPU_STRIDE")];
  const isDynamic = (address: number) =>
    address >= units && (address - units) % stride >= abi.constant("PERCPU_DYNAMIC");
  const isTold = (address: number) =>
    address < layout.map.arenaStart ? isDynamic(address) : machine.heap.objectAt(address) !== null;
  names.restart();
  machine.observer = {
    access: (address, bits, site) => {
      if (!isTold(address)) return;
      const [place, where] = [names.place(address), names.where(site)];
      tell({ thread: machine.running, writes: (bits & ACCESS.write) !== 0, place, where });
    },
    event: (what, address) => {
      if (what === "allocates" && address !== 0) names.allocated(address);
    },
  };
  violationOf(() => {
    on.restart();
    draw(on, seed);
  });
  if (on.finished) finish(on);
  machine.observer = null;
}

/** @param around - does what it is given: the next action. @throws Violation */
export function draw(
  on: Interleaver,
  seed: number,
  actions = ACTIONS,
  around: (act: () => void) => void = (act) => act(),
): void {
  const possible: number[] = [];
  let state = seed;
  let count = on.actions(possible);
  for (let i = 0; i < actions && count > 0; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const action = possible[(state >>> 16) % count] as number;
    around(() => on.perform(action));
    count = on.actions(possible);
  }
}
