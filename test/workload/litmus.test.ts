// SPDX-License-Identifier: GPL-2.0-only
/** Litmus bodies and the yardstick, one thread after the other: loads, stores and results are in place. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Solo } from "./scenarios/solo.ts";

const X = 1;
const Y = 0x100;

/** Threads in the order in which they run, what each returns, and x | y << 8 at last. */
const CASES: [threads: string[], said: number[], final: number][] = [
  [["sb_0", "sb_1"], [0, 1], X | Y],
  [["sb_mb_1", "sb_mb_0"], [0, 1], X | Y],
  [["mp_0", "mp_1"], [0, 0x101], X | Y],
  [["mp_release_0", "mp_acquire_1"], [0, 0x101], X | Y],
  [["lb_0", "lb_1"], [0, 1], X | Y],
  [["s_0", "s_1"], [0, 1], X | Y],
  [["s_1", "s_0"], [0, 0], (2 * X) | Y],
  [["r_0", "r_1"], [0, 1], X | (2 * Y)],
  [["r_1", "r_0"], [0, 0], X | Y],
  [["2p2w_0", "2p2w_1"], [0, 0], (2 * X) | Y],
  [["2p2w_1", "2p2w_0"], [0, 0], X | (2 * Y)],
  [["iriw_0", "iriw_2", "iriw_3", "iriw_1"], [0, 0x001, 0x100, 0], X | Y],
  [["wrc_0", "wrc_1", "wrc_2"], [0, 1, 0x101], X | Y],
];

for (const [threads, said, final] of CASES) {
  test(`${threads.join(", ")}: each sees what came before`, () => {
    const litmus = new Solo("litmus");
    assert.equal(
      threads.map((thread) => litmus.run(thread)),
      said,
    );
    assert.is(litmus.run("final"), final);
    litmus.endsWell();
  });
}

test("the yardstick: readers come and go, before and after the remover", () => {
  const yardstick = new Solo("yardstick");
  for (const [role, ...args] of [["reader", 2], ["remover"], ["reader", 2]] as const) {
    assert.is(yardstick.run(role, ...args), 0);
  }
  const words = [0, 4, 8].map((offset) => yardstick.word(yardstick.at + offset));
  assert.equal(words, [0, 0, 1]);
  yardstick.endsWell();
});

test("the yardstick: a reader that has the pointer of what is gone is a violation", () => {
  const yardstick = new Solo("yardstick");
  yardstick.poke(yardstick.at + 8, 1);
  assert.is(yardstick.run("reader", 1), 0);
  assert.equal(yardstick.end(), { said: 0, log: ["VIOLATION_YARDSTICK_USE_AFTER_FREE"] });
});

test.run();
