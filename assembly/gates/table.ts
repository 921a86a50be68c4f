// SPDX-License-Identifier: GPL-2.0-only
/**
 * The gates: a row is an id and a case. The host reads names and ids from the exports (GATE_X is
 * gate "x") and the summary from the first line of the gate's header.
 *
 * dispatch_gate() runs `op` compiled for one gate, dispatch_driver_gate() for one that a driver can be
 * built with: ids below FIRST_ATOMIC. They are called once a job, never in a loop.
 */
import { bravo_gate } from "./bravo";
import { brlock_gate } from "./brlock";
import { busted_gate } from "./busted";
import { hazard_gate } from "./hazard";
import { kernfs_active_gate } from "./kernfs_active";
import { ldsem_gate } from "./ldsem";
import { mutex_gate } from "./mutex";
import { percpu_ref_gate } from "./percpu_ref";
import { percpu_rwsem_gate } from "./percpu_rwsem";
import { qrwlock_gate } from "./qrwlock";
import { qsbr_gate } from "./qsbr";
import { refcount_gate } from "./refcount";
import { revocable_gate } from "./revocable";
import { rwsem_gate } from "./rwsem";
import { rwsem_per_device_gate } from "./rwsem_per_device";
import { seqlock_gate } from "./seqlock";
import { srcu_gate } from "./srcu";
import { srcu_fast_gate } from "./srcu_fast";

export const GATE_RWSEM: u32 = 0;
export const GATE_RWSEM_PER_DEVICE: u32 = 1;
export const GATE_PERCPU_REF: u32 = 2;
export const GATE_REFCOUNT: u32 = 3;
export const GATE_PERCPU_RWSEM: u32 = 6;
export const GATE_MUTEX: u32 = 7;
export const GATE_KERNFS_ACTIVE: u32 = 8;
export const GATE_LDSEM: u32 = 9;
export const GATE_BRAVO: u32 = 10;
export const GATE_HAZARD: u32 = 12;
export const GATE_BRLOCK: u32 = 13;
export const GATE_SRCU: u32 = 4;
export const GATE_SRCU_FAST: u32 = 5;
export const GATE_REVOCABLE: u32 = 11;
export const GATE_BUSTED: u32 = 64;
export const GATE_SEQLOCK: u32 = 65;
export const GATE_QRWLOCK: u32 = 128;
export const GATE_QSBR: u32 = 129;

/** What both functions below return for an id that is not in the table. */
const NO_SUCH_GATE: i32 = -1;

/** @returns what op.run() returned, or -1 when there is no such gate, or none for a driver */
export function dispatch_driver_gate<O extends GateOp>(gate: u32, op: O): i32 {
  switch (gate) {
    case GATE_RWSEM:
      return op.run<rwsem_gate>();
    case GATE_RWSEM_PER_DEVICE:
      return op.run<rwsem_per_device_gate>();
    case GATE_PERCPU_REF:
      return op.run<percpu_ref_gate>();
    case GATE_REFCOUNT:
      return op.run<refcount_gate>();
    case GATE_MUTEX:
      return op.run<mutex_gate>();
    case GATE_KERNFS_ACTIVE:
      return op.run<kernfs_active_gate>();
    case GATE_LDSEM:
      return op.run<ldsem_gate>();
    case GATE_PERCPU_RWSEM:
      return op.run<percpu_rwsem_gate>();
    case GATE_BRAVO:
      return op.run<bravo_gate>();
    case GATE_HAZARD:
      return op.run<hazard_gate>();
    case GATE_BRLOCK:
      return op.run<brlock_gate>();
    case GATE_SRCU:
      return op.run<srcu_gate>();
    case GATE_SRCU_FAST:
      return op.run<srcu_fast_gate>();
    case GATE_REVOCABLE:
      return op.run<revocable_gate>();
    case GATE_BUSTED:
      return op.run<busted_gate>();
    case GATE_SEQLOCK:
      return op.run<seqlock_gate>();
    default:
      return NO_SUCH_GATE;
  }
}

/** @returns what op.run() returned, or -1 when there is no such gate */
export function dispatch_gate<O extends GateOp>(gate: u32, op: O): i32 {
  switch (gate) {
    case GATE_QRWLOCK:
      return op.run<qrwlock_gate>();
    case GATE_QSBR:
      return op.run<qsbr_gate>();
    default:
      return dispatch_driver_gate<O>(gate, op);
  }
}
