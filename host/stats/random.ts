// SPDX-License-Identifier: GPL-2.0-only
/** A seeded stream of numbers: everything here that is random takes one as an argument. */
export type Random = () => number;

/**
 * Weyl sequence through a 32-bit mixer (the shape known as mulberry32): period 2^32, ample for
 * resampling and for shuffling rounds, not for anything that must not be guessed.
 *
 * @param seed - any integer; equal seeds give equal streams
 * @returns a function whose calls give numbers in [0, 1)
 */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Fisher and Yates's shuffle.
 *
 * @returns a new array, each order equally likely
 */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const moved = out[i] as T; // i and j are within the array
    out[i] = out[j] as T;
    out[j] = moved;
  }
  return out;
}
