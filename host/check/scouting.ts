// SPDX-License-Identifier: GPL-2.0-only
/**
 * A few schedules at random, before all are explored: they find most of the words that are contended, and
 * most of what threads may still access, so that exploring seldom has to begin anew.
 */
import { TICK } from "../machine/coroutine/choices.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { Violation } from "../machine/coroutine/violation.ts";
import { type Random, randomFrom } from "../stats/random.ts";
import type { Futures } from "./futures.ts";

const WALKS_MOST = 400;
/** So many schedules without anything new are enough. */
const QUIET_WALKS = 25;
const STEPS_MOST = 2_000;
/** A thread goes on for a while, as in most schedules: the mean of the steps that it makes. */
const STAY = 12;

/** Runs schedules until they find nothing new. Violations are left to who explores. */
export function scout(on: Interleaver, futures: Futures | null, seed: number): void {
  const random = randomFrom(seed);
  const { tracked } = on.machine;
  const news = () => tracked.contentions + (futures?.grown ?? 0);
  let quiet = 0;
  for (let walk = 0; walk < WALKS_MOST && quiet < QUIET_WALKS; walk++) {
    const before = news();
    try {
      walkOnce(on, futures, random);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
    }
    quiet = news() === before ? quiet + 1 : 0;
  }
}

function walkOnce(on: Interleaver, futures: Futures | null, random: Random): void {
  const actions: number[] = [];
  const locations: number[] = [];
  let last = -1;
  on.restart();
  for (let step = 0; step < STEPS_MOST; step++) {
    const count = on.actions(actions);
    if (count === 0) return;
    const stays = last >= 0 && last < TICK && on.canRun(last) && random() > 1 / STAY;
    const action = stays ? last : (actions[Math.floor(random() * count)] as number);
    last = action;
    if (futures !== null) on.locations(locations);
    on.perform(action);
    if (action < TICK) futures?.learnStep(on, action, locations);
  }
}
