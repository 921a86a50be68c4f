// SPDX-License-Identifier: GPL-2.0-only
/** Verdicts on processes whose times are drawn: each has an effect of its own beside that of its rounds. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shareOf } from "../../host/stats/binomial.ts";
import { envelopeOf } from "../../host/stats/envelope.ts";
import { type Random, randomFrom } from "../../host/stats/random.ts";
import { type Ratio, unpairedRatio, wordFor } from "../../host/stats/ratio.ts";

const ROUNDS = 12;
const CAPTURES = 2;
const RUNS = 3;
const LIMIT = 1.05;

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Rounds of one process: 40 ns, times what this process is off by, times what each round is. */
function processOf(random: Random, factor: number, between: number): number[] {
  const effect = Math.exp(between * normal(random));
  return Array.from({ length: ROUNDS }, () => 40 * factor * effect * (1 + 0.02 * normal(random)));
}

const ratio = (run: readonly number[], capture: readonly number[]) =>
  unpairedRatio(run, capture, 1) as Ratio;
const isOver = (one: Ratio) => wordFor(one) === "slower" && one.ratio.low > LIMIT;

/**
 * Whether the first run is over the limit beside the last capture, and whether all are beside all: never
 * where that one is not, so they are not looked at then, which takes most of the time.
 *
 * @param factor - what the later processes are really slower by
 */
function verdicts(random: Random, factor: number, between: number): { one: boolean; all: boolean } {
  const then = Array.from({ length: CAPTURES }, () => processOf(random, 1, between));
  const now = Array.from({ length: RUNS }, () => processOf(random, factor, between));
  const one = isOver(ratio(now[0] as number[], then.at(-1) as number[]));
  const ratios = () => now.flatMap((run) => then.map((capture) => ratio(run, capture)));
  return { one, all: one && isOver(envelopeOf(ratios())) };
}

function failures(cases: number, factor: number, between: number) {
  const random = randomFrom(11);
  const drawn = Array.from({ length: cases }, () => verdicts(random, factor, between));
  const of = (what: "one" | "all") => shareOf(drawn.filter((each) => each[what]).length, cases);
  return { one: of("one"), all: of("all") };
}

test("one run beside one capture fails one code in more than one of ten", () => {
  const { one, all } = failures(200, 1, 0.15);
  assert.ok(one.low > 0.1, `${one.share}`);
  assert.ok(all.share < one.share / 3, `${all.share} and ${one.share}`);
});

test("all runs beside all captures fail one code in no more than 1 of 10, whatever lies between them", () => {
  for (const between of [0.05, 0.15, 1]) {
    const { all } = failures(150, 1, between);
    assert.ok(all.low <= 0.1, `${between}: ${all.share}`);
  }
});

test("a slowdown that is more than what lies between processes is found", () => {
  assert.ok(failures(60, 1.2, 0.02).all.share > 0.95);
  assert.ok(failures(60, 2, 0.15).all.share > 0.95);
});

test("a slowdown below the limit is none, and one code whose processes are alike never fails", () => {
  assert.is(failures(60, 1.03, 0.002).all.hits, 0);
  assert.is(failures(60, 1, 0.002).all.hits, 0);
});

test("an envelope reaches as far as any of the ratios, and has the rounds of the poorest", () => {
  const told = (median: number, low: number, high: number, pairs: number): Ratio => {
    return { ratio: { median, low, high }, pairs };
  };
  const three = [told(1.2, 1.1, 1.4, 9), told(1.1, 0.9, 1.2, 12), told(1.5, 1.3, 1.6, 7)];
  assert.equal(envelopeOf(three), told(1.2, 0.9, 1.6, 7));
  assert.equal(envelopeOf(three.slice(0, 1)), three[0]);
});

test.run();
