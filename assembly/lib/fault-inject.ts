// SPDX-License-Identifier: GPL-2.0-only
/**
 * Fault injection: makes a step fail that hardly ever does.
 *
 * Source:  lib/fault-inject.c (v6.12) for the idea: probability, a seed, sites one by one.
 *
 * State:   one a CPU: mask (a bit a site), rate (out of FAULT_RATE_ALWAYS), a generator's state of its
 *          own, so that what else draws random numbers does not change which calls fail.
 *
 * Rules:   F1  A site whose bit is clear never fails, and draws no number.
 *          F2  rate 0 never fails, FAULT_RATE_ALWAYS always.
 *          F3  Same seed, same calls in the same order on the same CPU: same failures.
 *
 * Cost:    switched off: two loads and a test.
 */
import { count_event, EV_FAULT_INJECTED } from "../arch/wasm/events";
import { PERCPU_FAULT, this_cpu_ptr } from "../arch/wasm/percpu";
import { torture_random } from "./random";

export const FAULT_KZALLOC: u32 = 0;
export const FAULT_PERCPU_REF_INIT: u32 = 1;
export const FAULT_IDA: u32 = 2;
export const FAULT_DEV_SET_NAME: u32 = 3;
export const FAULT_CDEV_ADD: u32 = 4;
export const FAULT_DEVICE_ADD: u32 = 5;
export const FAULT_DEVM: u32 = 6;

export const FAULT_RATE_ALWAYS: u32 = 65536;

@unmanaged
@final
class fault_attr {
  mask: u32;
  rate: u32;
  prng: u32;
}

function this_fault_attr(): fault_attr {
  return changetype<fault_attr>(this_cpu_ptr(PERCPU_FAULT)); // plain: this CPU's own
}

/**
 * Sets what fails on this CPU.
 *
 * @param mask - bit FAULT_X set: site X may fail
 * @param rate - how often, out of FAULT_RATE_ALWAYS
 * Context: any; never sleeps. Ordering: none.
 */
export function fault_setup(mask: u32, rate: u32, seed: u32): void {
  const attr = this_fault_attr();
  attr.mask = mask;
  attr.rate = rate;
  attr.prng = seed;
}

/**
 * Asked by each site before it does its work.
 *
 * @param site - one of FAULT_*
 * @returns true: fail now, as if the resource could not be had
 * Context: any; never sleeps. Ordering: none.
 */
export function should_fail(site: u32): bool {
  if (((this_fault_attr().mask >> site) & 1) === 0) return false;
  return should_fail_slowpath();
}

export function should_fail_slowpath(): bool {
  const attr = this_fault_attr();
  const drawn = torture_random(changetype<usize>(attr) + offsetof<fault_attr>("prng")) >> 16;
  if (drawn >= attr.rate) return false;
  count_event(EV_FAULT_INJECTED);
  return true;
}
