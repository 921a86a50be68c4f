// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sleeping and waking: the only file that waits.
 *
 * futex_wait() holds no live value across the wait: node 20's baseline compiler zeroes the stack
 * slot just below a wait's operands, and here that slot is an operand already consumed. The build
 * keeps the function out of line (assembly/transform.mjs); futex_canary() proves it at start-up.
 */

export const FUTEX_OK: i32 = 0; // woken
export const FUTEX_NOT_EQUAL: i32 = 1; // *p was not `expected` any more
export const FUTEX_TIMED_OUT: i32 = 2;

/**
 * Sleeps while *p === expected, at most timeout_ns (negative: for ever).
 *
 * @returns FUTEX_OK, FUTEX_NOT_EQUAL or FUTEX_TIMED_OUT
 * Context: sleeps. Ordering: full; the compare and the enqueue are one step against futex_wake().
 */
export function futex_wait(p: usize, expected: u32, timeout_ns: i64): i32 {
  return atomic.wait<u32>(p, expected, timeout_ns);
}

/** Wakes at most `nr` sleepers on p, first come first; returns how many. Ordering: full. */
export function futex_wake(p: usize, nr: i32): i32 {
  return atomic.notify(p, nr);
}

/**
 * Calls futex_wait() with live values of both widths around it, and returns a checksum of them:
 * 7 * n + 0x5eed when the engine kept them all. `p` must hold 0.
 */
export function futex_canary(p: usize, n: u32): u32 {
  const a: u32 = n * 3;
  const b: u64 = ((<u64>n) << 32) | ((<u64>n) << 2);
  let c: u32 = 0;
  for (let i: u32 = 0; i < 3; i++) {
    c += a + i;
    futex_wait(p, 1, 0);
    c -= i;
  }
  const wide = <u32>(b >> 32) * 2 + <u32>b / 4;
  return (c / 9) * 4 + wide + 0x5eed;
}
