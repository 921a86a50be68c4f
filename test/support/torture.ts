// SPDX-License-Identifier: GPL-2.0-only
/**
 * locktorture from outside: writers and readers hammer one lock on real threads, in rounds whose shape
 * a seed decides.
 */
import * as assert from "uvu/assert";
import { type Random, randomFrom } from "../../host/stats/random.ts";
import { onMachine, type Scenario } from "./scenario.ts";

const LOCK_BYTES = 128;
const PATIENCE = 10;

export interface TortureOptions {
  /** TORTURE_*. */
  readonly type: string;
  readonly cpus: number;
  readonly seed: number;
  readonly rounds: number;
  /** Sections of each CPU in a round. */
  readonly sections: number;
  readonly spinLimit: number;
  /** False: no section sleeps, and the CPUs meet in the fast paths, as often as the machine lets them. */
  readonly naps?: boolean;
  readonly rwsemWaitMs?: number;
  /** What the rounds should reach: on a busy machine there may be up to PATIENCE times as many. */
  readonly reaches?: (soFar: Tortured) => boolean;
}

export interface Tortured {
  /** Broken rules that the CPUs noticed, of T1 and T2. */
  readonly errors: number;
  /** Write sections whose effect is missing (T3). */
  readonly lost: number;
  /** Event counts by name without EV_; those that are 0 are not there. */
  readonly events: Readonly<Record<string, number>>;
}

/**
 * One round: each CPU writes or reads, at least one of them writes. In every other
 * round some sections sleep, also under a spinlock, where that stands for a holder that lost its core:
 * on a busy machine nothing else is sure to make the CPUs meet.
 *
 * @returns errors seen, sections lost
 */
async function round(
  on: Scenario,
  o: TortureOptions,
  i: number,
  random: Random,
): Promise<[number, number]> {
  const lock = on.alloc(LOCK_BYTES);
  const data = on.alloc(on.constant("SIZEOF_TORTURE_DATA"));
  const below = (n: number) => Math.floor(random() * n);
  const spin = 1 << below(8);
  const naps = o.naps !== false && i % 2 === 0;
  const sleepEvery = naps ? 1 + below(8) : 0;
  const reads = Array.from({ length: o.cpus }, (_, cpu) => cpu > 0 && below(2) === 0);
  const type = on.constant(o.type);
  const seen = await on.machine.callAll("locktorture", (cpu) => {
    return [Number(reads[cpu]), type, lock, data, o.sections, spin, sleepEvery];
  });
  const errors = seen.reduce((sum, n) => sum + n, 0);
  const written = reads.filter((reader) => !reader).length * o.sections;
  const a = on.word(data + on.constant("OFFSETOF_TORTURE_DATA_A"));
  const b = on.word(data + on.constant("OFFSETOF_TORTURE_DATA_B"));
  return [errors, Math.abs(written - a) + Math.abs(written - b)];
}

export async function torture(o: TortureOptions): Promise<Tortured> {
  const { cpus, spinLimit, rwsemWaitMs = 4, reaches = () => true } = o;
  let sum: Tortured = { errors: 0, lost: 0, events: {} };
  await onMachine({ cpus, spinLimit, rwsemWaitMs }, async (on) => {
    const random = randomFrom(o.seed);
    for (let i = 0; i < o.rounds || (i < o.rounds * PATIENCE && !reaches(sum)); i++) {
      const [errors, lost] = await round(on, o, i, random);
      const events = on.eventsSinceBoot();
      sum = { errors: sum.errors + errors, lost: sum.lost + lost, events };
    }
  });
  return sum;
}

/** Tortures, asserts that the lock excluded, and that `event` was counted. */
export async function survives(o: TortureOptions, event?: string): Promise<Tortured> {
  const reaches = ({ events }: Tortured) => event === undefined || (events[event] ?? 0) > 0;
  const result = await torture({ reaches, ...o });
  assert.is(result.errors, 0, `${o.type}, seed ${o.seed}: broken rules seen`);
  assert.is(result.lost, 0, `${o.type}, seed ${o.seed}: updates lost`);
  assert.ok(reaches(result), `${o.type}, seed ${o.seed}: ${event} never came`);
  return result;
}
