// SPDX-License-Identifier: GPL-2.0-only
/** Which lock or count a word belongs to. */
import type { Field } from "../abi/layouts.ts";

/** Structures that are a lock as a whole. */
const STRUCTURES = [
  ...(["rw_semaphore", "mutex", "completion", "percpu_ref", "ld_semaphore", "qrwlock"] as const),
  ...(["arch_spinlock", "wait_queue_head", "percpu_rw_semaphore", "rcu_sync"] as const),
  ...(["srcu_struct", "srcu_fast_struct", "refcount_gate", "kernfs_node", "srcu_gate"] as const),
  ...(["srcu_fast_gate", "brlock_gate", "hazard_gate", "bravo_bias", "seqlock_gate"] as const),
] as const;

export type LockClass =
  | (typeof STRUCTURES)[number]
  | "refcount"
  | "biased_count"
  | "spinlock"
  | "osq"
  | "gp_lock"
  | "yardstick";

export interface Lock {
  /** As in "cxl_memdev_rwsem", "cxl_memdev#1.dev.kobj_ref". */
  readonly name: string;
  readonly class: LockClass;
  /** Address of its first word. */
  readonly base: number;
}

/**
 * Its fields by name; of a bare word, "word". What it has on each CPU is "cpu1.lock_count", or "cpu1" where
 * that is a word; how many seats say that somebody is inside, "seats".
 */
export type LockValues = Readonly<Record<string, number>>;

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
  "percpu_ref_data.count": "biased_count",
  "rcu_state.gp_lock": "gp_lock",
  "check_kref.kref": "refcount",
  "revocable_provider.kref": "refcount",
  "yardstick.lock": "yardstick",
};

export function isStructure(layout: string): boolean {
  return (STRUCTURES as readonly string[]).includes(layout);
}

/** The lock that `field` of the structure at `base` belongs to; null: what the structure has elsewhere. */
export function lockIn(
  name: string,
  layout: string,
  base: number,
  field: Field | null,
): Lock | null {
  if (isStructure(layout)) return { name, class: layout as LockClass, base };
  const word = field && WORDS[`${layout}.${field.name}`];
  return word ? { name: `${name}.${field.name}`, class: word, base: base + field.offset } : null;
}
