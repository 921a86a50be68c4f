// SPDX-License-Identifier: GPL-2.0-only
/** What a word of a lock means: "0x102: 1 reader, waiters". */
import type { KernelAbi } from "../abi/kernel.ts";

export const hex = (n: number) => `0x${(n >>> 0).toString(16)}`;
const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** The CPU whose unit has the address: a task, or what it queues. */
export function cpuOf(abi: KernelAbi, address: number): string {
  const offset = (address >>> 0) - abi.constant("PERCPU_BASE");
  const cpu = Math.floor(offset / abi.constant("PERCPU_STRIDE"));
  return cpu >= 0 && cpu < abi.constant("NR_CPUS") ? `cpu${cpu}` : hex(address);
}

/** What the flags that are set are called. */
function flagsOf(abi: KernelAbi, value: number, names: Readonly<Record<string, string>>): string[] {
  return Object.entries(names)
    .filter(([constant]) => (value & abi.constant(constant)) !== 0)
    .map(([, words]) => words);
}

export function countText(abi: KernelAbi, count: number): string {
  const readers = Math.floor((count & 0x7fffffff) / abi.constant("RWSEM_READER_BIAS"));
  const parts = [
    ...(readers > 0 ? [plural(readers, "reader")] : []),
    ...flagsOf(abi, count, {
      RWSEM_WRITER_LOCKED: "writer",
      RWSEM_FLAG_WAITERS: "waiters",
      RWSEM_FLAG_HANDOFF: "handoff",
    }),
    ...(count < 0 ? ["reader overflow"] : []),
  ];
  return `${hex(count)}: ${parts.join(", ") || "free"}`;
}

export function rwsemOwnerText(abi: KernelAbi, owner: number): string {
  if (owner === 0) return "0: nobody known";
  const reader = (owner & abi.constant("RWSEM_READER_OWNED")) !== 0;
  const flags = flagsOf(abi, owner, { RWSEM_NONSPINNABLE: "not spinnable" });
  return [cpuOf(abi, owner), reader ? "reader" : "writer", ...flags].join(", ");
}

export function mutexOwnerText(abi: KernelAbi, owner: number): string {
  const flags = flagsOf(abi, owner, {
    MUTEX_FLAG_WAITERS: "waiters",
    MUTEX_FLAG_HANDOFF: "handoff",
    MUTEX_FLAG_PICKUP: "handed over",
  });
  const task = owner & ~7; // the flags are the low three bits
  return [task === 0 ? `${hex(owner)}: free` : cpuOf(abi, task), ...flags].join(", ");
}

export function doneText(done: number): string {
  if (done === 0) return "0: not completed";
  return done === 0xffffffff ? `${hex(done)}: completed for good` : `${done}: ${done} may pass`;
}

export function percpuRefText(abi: KernelAbi, ptr: number): string {
  const atomic = (ptr & abi.constant("__PERCPU_REF_ATOMIC")) !== 0;
  const dead = (ptr & abi.constant("__PERCPU_REF_DEAD")) !== 0;
  return `${hex(ptr)}: ${atomic ? "atomic" : "per-CPU"}, ${dead ? "dead" : "live"}`;
}

export function refcountText(count: number): string {
  if (count === 0) return "0: dead";
  return count < 0 ? `${hex(count)}: saturated` : `${count}: ${plural(count, "reference")}`;
}

export function activeText(active: number, bias: number): string {
  if (active >= 0) return `${active}: open, ${active} inside`;
  return `${hex(active)}: deactivated, ${active - bias} inside`;
}

/** What holds and what waits in a count: waits are negative, and a writer that holds is one as well. */
export function ldsemText(abi: KernelAbi, count: number): string {
  const active = count & abi.constant("LDSEM_ACTIVE_MASK");
  const waits = (active - count) / -abi.constant("LDSEM_WAIT_BIAS");
  const parts = [
    ...(active > 0 ? [`${active} active`] : []),
    ...(waits > 0 ? [`${waits} that ${waits === 1 ? "writes or waits" : "write or wait"}`] : []),
  ];
  return `${hex(count)}: ${parts.join(", ") || "free"}`;
}

export function qrwlockText(abi: KernelAbi, cnts: number): string {
  const readers = cnts >>> abi.constant("_QR_SHIFT");
  const flags = flagsOf(abi, cnts, { _QW_LOCKED: "writer", _QW_WAITING: "a writer waits" });
  const parts = [...(readers > 0 ? [plural(readers, "reader")] : []), ...flags];
  return `${hex(cnts)}: ${parts.join(", ") || "free"}`;
}

export function ticketText(owner: number, next: number): string {
  const waiting = next - owner - 1;
  return waiting < 0 ? `${owner}: free` : `${owner}: locked, ${waiting} behind`;
}

export function spinlockText(word: number): string {
  if (word === 0) return "0: free";
  return word === 1 ? "1: locked" : `${word}: locked, somebody may sleep on it`;
}

/** An osq: 1 + the CPU that is the last one in the queue. */
export function osqText(tail: number): string {
  return tail === 0 ? "0: nobody queues" : `${tail}: cpu${tail - 1} is the last in the queue`;
}

/** Who drives RCU's grace periods: 1 + its CPU. */
export function gpLockText(word: number): string {
  return word === 0 ? "0: free" : `${word}: cpu${word - 1} drives a grace period`;
}

export function writersText(count: number): string {
  return `${count}: ${plural(count, "writer")}`;
}

/** A percpu_ref's count, whose bias keeps it off 0 while CPUs count as well. */
export function biasedText(abi: KernelAbi, count: number): string {
  const unbiased = count - abi.constant("PERCPU_COUNT_BIAS");
  if (count >= 0 || unbiased > 2 ** 30) return refcountText(count);
  return `${hex(count)}: ${plural(unbiased, "reference")} beside those of the CPUs`;
}

/** The state in the low bits of an srcu_struct's srcu_gp_seq, and the grace periods before it. */
export function srcuSeqText(seq: number): string {
  const state = ["idle", "in its first scan", "in its second scan"][seq & 3] ?? "in no state";
  return `${hex(seq)}: ${state}, ${plural(seq >>> 2, "grace period")} before`;
}

export function srcuFastSeqText(seq: number): string {
  const state = (seq & 1) === 0 ? "idle" : "in a grace period";
  return `${seq}: ${state}, ${seq >>> 1} before`;
}

/** An rcu_sync's gp_state, as kernel/rcu/sync.c calls it. */
export function rcuSyncText(state: number): string {
  const name = ["idle", "enter", "passed", "exit", "replay"][state] ?? "no state";
  return `${state}: ${name}, readers ${state === 0 ? "may" : "may not"} take the fast path`;
}

/** A gate's word by which entrants know that it is closed. */
export function closedText(word: number): string {
  return word === 0 ? "0: open" : `${word}: closed`;
}

export function blockText(word: number): string {
  return word === 0 ? "0: no writer" : `${word}: a writer is in, or waits for the readers`;
}

/** A sum of counts that may be negative on one CPU. */
export function readersText(sum: number): string {
  return `${sum}: ${plural(sum, "reader")}`;
}

/** A hazard gate's state: who removes it, and who is inside without a seat. */
export function hazardText(state: number): string {
  const [remover, guests] = [state & 0xff, state >>> 8];
  const parts = [
    remover === 0 ? "open" : `cpu${remover - 1} removes it`,
    ...(guests > 0 ? [`${guests} inside without a seat`] : []),
  ];
  return `${hex(state)}: ${parts.join(", ")}`;
}

/** Entries of a CPU, of which the top bit says that none will come any more. */
export function flagText(flag: number): string {
  return flag >>> 31 === 1 ? "all out for good" : `${flag} inside`;
}

export function sequenceText(sequence: number): string {
  return `${sequence}: ${(sequence & 1) === 0 ? "nobody writes" : "a writer is at it"}`;
}

/** The yardstick's lock: bit 0 the remover, bits 8 and up the readers. */
export function yardstickText(word: number): string {
  const readers = word >>> 8;
  const parts = [
    ...(readers > 0 ? [plural(readers, "reader")] : []),
    ...((word & 1) !== 0 ? ["remover"] : []),
  ];
  return `${hex(word)}: ${parts.join(", ") || "free"}`;
}

/** How often sections began and ended on a rank, on all CPUs together. */
export function rankText(rank: number, locks: number, unlocks: number): string {
  return `rank ${rank}: ${plural(locks, "lock")}, ${plural(unlocks, "unlock")}`;
}
