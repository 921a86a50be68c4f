// SPDX-License-Identifier: GPL-2.0-only
/**
 * User memory is a window of linear memory; a user pointer is a u64 address. Anything that does not
 * lie wholly inside the window faults, as an unmapped page does.
 *
 * Source: include/linux/uaccess.h. Contract: each returns the number of bytes NOT copied.
 * Not modelled: partial copies; a range that faults is not touched.
 */
import { boot } from "./memory";

export function access_ok(ptr: u64, n: u64): bool {
  const b = boot();
  const start = <u64>b.user_base;
  const end = <u64>b.user_end;
  return ptr >= start && ptr <= end && n <= end - ptr;
}

/** @returns 0, or n when [from, from + n) is not user memory. Context: may sleep in the kernel. */
export function copy_from_user(to: usize, from: u64, n: u32): u32 {
  if (!access_ok(from, n)) return n;
  memory.copy(to, <usize>from, n);
  return 0;
}

/** @returns 0, or n when [to, to + n) is not user memory. Context: may sleep in the kernel. */
export function copy_to_user(to: u64, from: usize, n: u32): u32 {
  if (!access_ok(to, n)) return n;
  memory.copy(<usize>to, from, n);
  return 0;
}
