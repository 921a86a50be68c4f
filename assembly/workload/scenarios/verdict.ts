// SPDX-License-Identifier: GPL-2.0-only
/** How a scenario says that something is wrong: a violation in the kernel log, by its code. */
import { LEVEL_VIOLATION, printk } from "../../arch/wasm/bug";
import { EIO } from "../../arch/wasm/errno";
import { count_event, EV_VIOLATION } from "../../arch/wasm/events";

/**
 * Reports violation `code` with its two values unless `holds`.
 *
 * @returns 0, or -EIO when it was reported; two results may be or-ed
 * Context: any; never sleeps. Ordering: none if it holds.
 */
export function demand(holds: bool, code: u32, a: u32, b: u32): i32 {
  if (holds) return 0;
  count_event(EV_VIOLATION);
  printk(LEVEL_VIOLATION, code, a, b);
  return -EIO;
}
