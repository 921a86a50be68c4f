// SPDX-License-Identifier: GPL-2.0-only
/**
 * Pseudo-random numbers: a linear congruential generator on each CPU, the same sequence for the same
 * seed. For delays, choices and fault injection; of no other quality.
 *
 * Source:  kernel/torture.c (v6.12), torture_random: multiplier, increment, and the swapped halves,
 *          which put the better bits low. Dropped: stirring in the clock, so that a run can be repeated.
 *
 * Cost:    a load, a multiply-add, a store.
 */
import { PERCPU_RANDOM, this_cpu_ptr } from "../arch/wasm/percpu";

const TORTURE_RANDOM_MULT: u32 = 39_916_801; // prime
const TORTURE_RANDOM_ADD: u32 = 479_001_701; // prime

/** Advances the generator whose state is the u32 at `state`, one CPU's own. Ordering: none. */
export function torture_random(state: usize): u32 {
  const next = load<u32>(state) * TORTURE_RANDOM_MULT + TORTURE_RANDOM_ADD; // plain: the CPU's own
  store<u32>(state, next);
  return rotr<u32>(next, 16);
}

/** Starts this CPU's sequence. Context: any. Ordering: none. */
export function prandom_seed(seed: u32): void {
  store<u32>(this_cpu_ptr(PERCPU_RANDOM), seed); // plain: this CPU's own
}

/** Context: any; never sleeps. Ordering: none. */
export function prandom_u32(): u32 {
  return torture_random(this_cpu_ptr(PERCPU_RANDOM));
}

/**
 * A number below `n`, by scaling: all equally likely to within n / 2^32.
 *
 * @param n - 0: returns 0
 * Context: any; never sleeps. Ordering: none.
 */
export function prandom_below(n: u32): u32 {
  return <u32>((<u64>prandom_u32() * <u64>n) >> 32);
}
