// SPDX-License-Identifier: GPL-2.0-only
/**
 * A device to measure a gate on: the pointer word, the gate's state and the context behind the
 * pointer, each at an offset of its own in a page.
 *
 * Rules:   D1  No two of them, and neither of them and what the loop looks at besides (RCU's words, the
 *              global rwsem), have the same address in bits 6 to 11: no load waits for the locked
 *              operation before it, whichever block the slab gives out. (What CPUs 17, 24, 25, 32, 39 and
 *              46 have of their own has.)
 *          D2  A device that cannot be made leaves nothing allocated.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import { kfree, kzalloc, SLAB_MISC } from "../mm/slab";
import { dispatch_contender } from "./contenders";

/** What the word behind the pointer holds while the context is alive. */
export const CONTEXT_ALIVE: u32 = 0xc0de0001;

const PAGE: usize = 4096;
const DEVICE_BYTES: u32 = 2 * <u32>PAGE - 128; // any start has a whole page behind it

/**
 * A device's address is that of its gate, at this offset in a page; the rest is relative to it. Of all
 * that a section finds through the device an atomic access alone has no constant offset in its instruction.
 */
const GATE_IN_PAGE: usize = 0x880;
const DEVICE_CONTEXT: usize = 0x180;
export const DEVICE_SLOT: usize = 0x200;
const DEVICE_MEMORY: usize = 0x208; // what kzalloc() returned

/** Address of the word that holds the protected pointer. */
export function device_slot(device: usize): usize {
  return device + DEVICE_SLOT;
}

export function device_gate(device: usize): usize {
  return device;
}

/** Puts the context behind the pointer: the device is open. Context: nobody is inside. */
export function device_open(device: usize): void {
  store<u32>(device + DEVICE_CONTEXT, CONTEXT_ALIVE); // plain: nobody is inside
  WRITE_ONCE(device_slot(device), <u32>(device + DEVICE_CONTEXT));
}

@unmanaged
@final
class init_op {
  run<G extends Gate>(): i32 {
    return changetype<G>(device_gate(changetype<usize>(this))).init();
  }
}

@unmanaged
@final
class kill_op {
  run<G extends Gate>(): i32 {
    const device = changetype<usize>(this);
    changetype<G>(device_gate(device)).kill(device_slot(device));
    return 0;
  }
}

@unmanaged
@final
class destroy_op {
  run<G extends Gate>(): i32 {
    changetype<G>(device_gate(changetype<usize>(this))).destroy();
    return 0;
  }
}

@unmanaged
@final
class bytes_op {
  run<G extends Gate>(): i32 {
    return changetype<G>(0).bytes(<u32>changetype<usize>(this));
  }
}

@unmanaged
@final
class entrants_op {
  run<G extends Gate>(): i32 {
    return changetype<G>(0).entrants();
  }
}

@unmanaged
@final
class body_op {
  run<G extends Gate>(): i32 {
    return changetype<G>(0).body();
  }
}

@unmanaged
@final
class admits_op {
  run<G extends Gate>(): i32 {
    return changetype<G>(0).admits();
  }
}

/** What a contender takes, bytes; `where` is one of BYTES_*. -1 for an unknown id. */
export function gate_bytes(contender: u32, where: u32): i32 {
  return dispatch_contender<bytes_op>(contender, changetype<bytes_op>(<usize>where));
}

/** What becomes of who comes during a removal: one of ENTRANTS_*. -1 for an unknown id. */
export function gate_entrants(contender: u32): i32 {
  return dispatch_contender<entrants_op>(contender, changetype<entrants_op>(0));
}

/** What a body may do inside: one of BODY_*. -1 for an unknown id. */
export function gate_body(contender: u32): i32 {
  return dispatch_contender<body_op>(contender, changetype<body_op>(0));
}

/** How many may be inside at once: one of ADMITS_*. -1 for an unknown id. */
export function gate_admits(contender: u32): i32 {
  return dispatch_contender<admits_op>(contender, changetype<admits_op>(0));
}

/**
 * Makes an open device for a contender (D2).
 *
 * @returns its address; 0 when out of memory, or for an unknown contender
 * Context: may sleep. Ordering: none.
 */
export function bench_device_create(contender: u32): usize {
  const memory = kzalloc(DEVICE_BYTES, SLAB_MISC);
  if (memory === 0) return 0;
  const device = ((memory + PAGE - 1 - GATE_IN_PAGE) & ~(PAGE - 1)) + GATE_IN_PAGE;
  store<usize>(device + DEVICE_MEMORY, memory); // plain: not published yet
  if (dispatch_contender<init_op>(contender, changetype<init_op>(device)) !== 0) {
    kfree(memory);
    return 0;
  }
  device_open(device);
  return device;
}

/** Kills the gate: the removal. Context: sleeps; once a device. Ordering: O1 of gates/gate.ts. */
export function bench_device_kill(contender: u32, device: usize): void {
  dispatch_contender<kill_op>(contender, changetype<kill_op>(device));
}

/** Frees a device that was killed. Context: nobody is inside, nobody comes; sleeps. */
export function bench_device_free(contender: u32, device: usize): void {
  dispatch_contender<destroy_op>(contender, changetype<destroy_op>(device));
  kfree(load<usize>(device + DEVICE_MEMORY)); // plain: constant
}

/** bench_device_kill() and bench_device_free(). */
export function bench_device_destroy(contender: u32, device: usize): void {
  bench_device_kill(contender, device);
  bench_device_free(contender, device);
}
