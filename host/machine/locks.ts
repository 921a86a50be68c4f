// SPDX-License-Identifier: GPL-2.0-only
/** Says in words what the words of a lock or of a count mean. */
import type { KernelAbi } from "../abi/kernel.ts";
import { type Field, type Layouts, readFields } from "../abi/layouts.ts";

export type LockClass =
  | "rw_semaphore"
  | "mutex"
  | "completion"
  | "percpu_ref"
  | "refcount_gate"
  | "kernfs_node"
  | "ld_semaphore"
  | "qrwlock"
  | "arch_spinlock"
  | "refcount"
  | "spinlock";

export interface Lock {
  /** As in "cxl_memdev_rwsem", "cxl_memdev#1.dev.kobj_ref". */
  readonly name: string;
  readonly class: LockClass;
  /** Address of its first word. */
  readonly base: number;
}

/** Its fields by name; of a refcount or a spinlock, "word". */
export type LockValues = Readonly<Record<string, number>>;

/** Structures that are a lock as a whole. */
const STRUCTURES: ReadonlySet<string> = new Set<LockClass>([
  ...(["rw_semaphore", "mutex", "completion", "percpu_ref"] as const),
  ...(["refcount_gate", "kernfs_node", "ld_semaphore", "qrwlock", "arch_spinlock"] as const),
]);

/** Words that are a lock or a count in a structure that is more. */
const WORDS: Readonly<Record<string, LockClass>> = {
  "device.kobj_ref": "refcount",
  "device.lock": "spinlock",
  "device.devres_lock": "spinlock",
  "cdev.kobj_ref": "refcount",
  "file.f_count": "refcount",
  "inode.i_count": "refcount",
  "ida.lock": "spinlock",
  "pcpu_state.lock": "spinlock",
  "wait_queue_head.lock": "spinlock",
};

/** The lock that `field` of the structure at `base` belongs to. */
export function lockIn(name: string, layout: string, base: number, field: Field): Lock | null {
  if (STRUCTURES.has(layout)) return { name, class: layout as LockClass, base };
  const word = WORDS[`${layout}.${field.name}`];
  return word ? { name: `${name}.${field.name}`, class: word, base: base + field.offset } : null;
}

/** The lock's values as they are in a memory. */
export function readLock(view: DataView, layouts: Layouts, lock: Lock): LockValues {
  const layout = layouts.get(lock.class);
  return layout ? readFields(view, lock.base, layout) : { word: view.getInt32(lock.base, true) };
}

/**
 * One line for each word that says something: "cxl_memdev_rwsem.count = 0x102: 1 reader, waiters".
 *
 * @param name - what the lines begin with
 */
export function describeLock(
  abi: KernelAbi,
  name: string,
  kind: LockClass,
  values: LockValues,
): string[] {
  const value = (field: string) => values[field] ?? 0;
  const line = (field: string, text: string) => [`${name}.${field} = ${text}`];
  const spinlock = (field: string) =>
    value(field) === 0 ? [] : line(field, spinlockText(value(field)));
  const queue = (field: string) =>
    value(field) === 0 ? [] : line(field, `${cpuOf(abi, value(field))}, waits`);
  switch (kind) {
    case "rw_semaphore":
      return [
        ...line("count", countText(abi, value("count"))),
        ...line("owner", rwsemOwnerText(abi, value("owner"))),
        ...spinlock("wait_lock"),
        ...queue("wait_head"),
      ];
    case "mutex":
      return [
        ...line("owner", mutexOwnerText(abi, value("owner"))),
        ...spinlock("wait_lock"),
        ...queue("first"),
      ];
    case "completion":
      return [...line("done", doneText(value("done"))), ...spinlock("lock"), ...queue("first")];
    case "percpu_ref":
      return line("percpu_count_ptr", percpuRefText(abi, value("percpu_count_ptr")));
    case "refcount_gate":
      return [
        ...line("active_users", refcountText(value("active_users"))),
        ...line("dying", value("dying") === 0 ? "0: open" : `${value("dying")}: closed`),
      ];
    case "kernfs_node":
      return line("active", activeText(value("active"), abi.constant("KN_DEACTIVATED_BIAS")));
    case "ld_semaphore":
      return [
        ...line("count", ldsemText(abi, value("count"))),
        ...spinlock("wait_lock"),
        ...queue("write_first"),
        ...queue("read_first"),
      ];
    case "qrwlock":
      return line("cnts", qrwlockText(abi, value("cnts")));
    case "arch_spinlock":
      return line("owner", ticketText(value("owner"), value("next")));
    case "refcount":
      return [`${name} = ${refcountText(value("word"))}`];
    case "spinlock":
      return [`${name} = ${spinlockText(value("word"))}`];
  }
}

const hex = (n: number) => `0x${(n >>> 0).toString(16)}`;
const plural = (n: number, noun: string) => `${n} ${noun}${n === 1 ? "" : "s"}`;

/** The CPU whose unit has the address: a task, or what it queues. */
function cpuOf(abi: KernelAbi, address: number): string {
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

function countText(abi: KernelAbi, count: number): string {
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

function rwsemOwnerText(abi: KernelAbi, owner: number): string {
  if (owner === 0) return "0: nobody known";
  const reader = (owner & abi.constant("RWSEM_READER_OWNED")) !== 0;
  const flags = flagsOf(abi, owner, { RWSEM_NONSPINNABLE: "not spinnable" });
  return [cpuOf(abi, owner), reader ? "reader" : "writer", ...flags].join(", ");
}

function mutexOwnerText(abi: KernelAbi, owner: number): string {
  const flags = flagsOf(abi, owner, {
    MUTEX_FLAG_WAITERS: "waiters",
    MUTEX_FLAG_HANDOFF: "handoff",
    MUTEX_FLAG_PICKUP: "handed over",
  });
  const task = owner & ~7; // the flags are the low three bits
  return [task === 0 ? `${hex(owner)}: free` : cpuOf(abi, task), ...flags].join(", ");
}

function doneText(done: number): string {
  if (done === 0) return "0: not completed";
  return done === 0xffffffff ? `${hex(done)}: completed for good` : `${done}: ${done} may pass`;
}

function percpuRefText(abi: KernelAbi, ptr: number): string {
  const atomic = (ptr & abi.constant("__PERCPU_REF_ATOMIC")) !== 0;
  const dead = (ptr & abi.constant("__PERCPU_REF_DEAD")) !== 0;
  return `${hex(ptr)}: ${atomic ? "atomic" : "per-CPU"}, ${dead ? "dead" : "live"}`;
}

function refcountText(count: number): string {
  if (count === 0) return "0: dead";
  return count < 0 ? `${hex(count)}: saturated` : `${count}: ${plural(count, "reference")}`;
}

function activeText(active: number, bias: number): string {
  if (active >= 0) return `${active}: open, ${active} inside`;
  return `${hex(active)}: deactivated, ${active - bias} inside`;
}

/** What holds and what waits in a count: waits are negative, and a writer that holds is one as well. */
function ldsemText(abi: KernelAbi, count: number): string {
  const active = count & abi.constant("LDSEM_ACTIVE_MASK");
  const waits = (active - count) / -abi.constant("LDSEM_WAIT_BIAS");
  const parts = [
    ...(active > 0 ? [`${active} active`] : []),
    ...(waits > 0 ? [`${waits} that ${waits === 1 ? "writes or waits" : "write or wait"}`] : []),
  ];
  return `${hex(count)}: ${parts.join(", ") || "free"}`;
}

function qrwlockText(abi: KernelAbi, cnts: number): string {
  const readers = cnts >>> abi.constant("_QR_SHIFT");
  const flags = flagsOf(abi, cnts, { _QW_LOCKED: "writer", _QW_WAITING: "a writer waits" });
  const parts = [...(readers > 0 ? [plural(readers, "reader")] : []), ...flags];
  return `${hex(cnts)}: ${parts.join(", ") || "free"}`;
}

function ticketText(owner: number, next: number): string {
  const waiting = next - owner - 1;
  return waiting < 0 ? `${owner}: free` : `${owner}: locked, ${waiting} behind`;
}

function spinlockText(word: number): string {
  if (word === 0) return "0: free";
  return word === 1 ? "1: locked" : `${word}: locked, somebody may sleep on it`;
}
