// SPDX-License-Identifier: GPL-2.0-only
/**
 * A device to measure a gate on: the pointer word, the gate's state and the context behind the
 * pointer, at distinct offsets in a page, so that no load waits for the locked operation before it.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import { kfree, kzalloc, SLAB_MISC } from "../mm/slab";
import { dispatch_contender } from "./contenders";
import { CONTEXT_ALIVE } from "./section";

const DEVICE_GATE: usize = 128;
const DEVICE_CONTEXT: usize = 384;
const DEVICE_BYTES: u32 = 448;

/** Address of the word that holds the protected pointer. */
export function device_slot(device: usize): usize {
  return device;
}

export function device_gate(device: usize): usize {
  return device + DEVICE_GATE;
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
class teardown_op {
  run<G extends Gate>(): i32 {
    const device = changetype<usize>(this);
    const g = changetype<G>(device_gate(device));
    g.kill(device_slot(device));
    g.destroy();
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

/** What a contender takes, bytes; `where` is one of BYTES_*. -1 for an unknown id. */
export function gate_bytes(contender: u32, where: u32): i32 {
  return dispatch_contender<bytes_op>(contender, changetype<bytes_op>(<usize>where));
}

/** Makes an open device for a contender. Returns its address, or 0 when out of memory. */
export function bench_device_create(contender: u32): usize {
  const device = kzalloc(DEVICE_BYTES, SLAB_MISC);
  if (device === 0) return 0;
  if (dispatch_contender<init_op>(contender, changetype<init_op>(device)) !== 0) {
    kfree(device);
    return 0;
  }
  device_open(device);
  return device;
}

/** Removes and frees what bench_device_create() made. Nobody may come any more. Sleeps. */
export function bench_device_destroy(contender: u32, device: usize): void {
  dispatch_contender<teardown_op>(contender, changetype<teardown_op>(device));
  kfree(device);
}
