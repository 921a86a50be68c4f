// SPDX-License-Identifier: GPL-2.0-only
/**
 * A count that each CPU keeps for itself: what the threads did, for the end to compare with what became
 * of it. One shared counter would order the threads by its RMWs, and hide a race between them.
 *
 * State:   TALLY_CPUS words, zero at first. Each is written by its CPU alone, plainly.
 */
import { smp_processor_id } from "../../arch/wasm/percpu";

/** Scenarios run on CPUs below this one. */
export const TALLY_CPUS: u32 = 8;
export const SIZEOF_TALLY: usize = 32;

/** Adds to this CPU's word. Context: CPUs below TALLY_CPUS; never sleeps. Ordering: none. */
export function tally_add(tally: usize, n: u32): void {
  const word = tally + ((<usize>smp_processor_id()) << 2);
  store<u32>(word, load<u32>(word) + n); // plain: this CPU's own
}

/** CPU `cpu`'s word. Context: its writes come before, by what the caller tests. Ordering: none. */
export function tally_of(tally: usize, cpu: u32): u32 {
  return load<u32>(tally + ((<usize>cpu) << 2)); // plain: that it is no race is tested
}

/** Sum of the words. Context, Ordering: as tally_of(), for every CPU. */
export function tally_sum(tally: usize): u32 {
  let sum: u32 = 0;
  for (let cpu: u32 = 0; cpu < TALLY_CPUS; cpu++) sum += tally_of(tally, cpu);
  return sum;
}
