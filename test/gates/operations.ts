// SPDX-License-Identifier: GPL-2.0-only
/** What the fast paths of each gate do to memory in one section: a row that each gate must have. */
import { OP } from "../wasm-binary.ts";

/** Opcode, and how often; the protected pointer, and what it leads to, are not the gate's. */
export const OPERATIONS: Readonly<Record<string, readonly [number, number][]>> = {
  rwsem: [
    [OP.load32, 1], // enter: the owner word, which a reader writes too
    [OP.atomicAdd32, 1],
    [OP.atomicSub32, 1],
  ],
  rwsem_per_device: [
    [OP.load32, 1],
    [OP.atomicAdd32, 1],
    [OP.atomicSub32, 1],
  ],
  percpu_ref: [[OP.load32, 4]], // enter, exit: the mode word, this CPU's counter
  refcount: [
    [OP.load32, 2], // enter: whether the removal began, the count
    [OP.atomicCmpxchg32, 2], // the first attempt, and that of the loop behind it
    [OP.atomicSub32, 1],
  ],
  mutex: [[OP.atomicCmpxchg32, 2]],
  kernfs_active: [
    [OP.load32, 1], // enter: the first look at the count
    [OP.atomicCmpxchg32, 2], // the first attempt, and that of the loop behind it
    [OP.atomicSub32, 1],
  ],
  ldsem: [
    [OP.atomicAdd32, 1],
    [OP.atomicSub32, 1],
  ],
  percpu_rwsem: [[OP.load32, 6]], // enter, exit: the state, where the count is, the count
  bravo: [
    [OP.load32, 1], // enter: whether there is a bias
    [OP.atomicCmpxchg64, 1],
    [OP.atomicLoad32, 1], // the bias again
    [OP.atomicExchange64, 1],
  ],
  hazard: [
    [OP.load32, 1], // enter: whether the CPU's first seat is free
    [OP.atomicExchange64, 2],
    [OP.atomicLoad32, 1], // the gate's state
  ],
  brlock: [
    [OP.load32, 4], // enter, exit: where the flag is, its count
    [OP.atomicExchange64, 2],
    [OP.atomicLoad32, 1], // the writer's word
  ],
  srcu: [
    [OP.load32, 4], // enter, exit: where this CPU's counts are; the index, the flag
    [OP.atomicLoad32, 1], // whether an updater sleeps
    [OP.atomicAdd32, 2],
  ],
  srcu_fast: [
    [OP.load32, 4], // enter, exit: this CPU's counts; the flag, and whether an updater waits
    [OP.atomicLoad32, 1], // where the counts are
  ],
  revocable: [
    [OP.load32, 3], // enter, exit: where this CPU's counts are; the index
    [OP.atomicLoad32, 1], // whether an updater sleeps
    [OP.atomicAdd32, 2],
  ],
  busted: [],
  seqlock: [[OP.atomicLoad32, 2]],
  qrwlock: [
    [OP.atomicAdd32, 1],
    [OP.atomicSub32, 1],
  ],
  qsbr: [],
};

/** The same of what the benchmark times besides the gates: classes of assembly/workload/contenders.ts. */
export const YARDSTICK: Readonly<Record<string, readonly [number, number][]>> = {
  empty_loop: [],
  plain_pair: [[OP.load32, 4]], // where the CPU's counter is, the counter
  atomic_pair: [[OP.atomicAdd32, 2]],
  exchange_pair: [[OP.atomicExchange32, 2]],
  percpu_ref_reporting: [[OP.load32, 6]], // and RCU's two words
};

/** Opcodes that are counted; what is not in a gate's row it does not do. */
export const COUNTED = [
  OP.load32,
  OP.atomicLoad32,
  OP.atomicStore32,
  OP.atomicAdd32,
  OP.atomicSub32,
  OP.atomicExchange32,
  OP.atomicCmpxchg32,
  OP.atomicExchange64,
  OP.atomicCmpxchg64,
];
