// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the records of the primitives and of the controls are made of, one row a record, for the names in
 * their schedules. The classes' fields are read from the kernel's sources; how a record puts them one
 * behind the other stands here, as in assembly/workload/, and a test holds it against records that run.
 */
import type { ObjectKind } from "../../machine/heap-kinds.ts";
import type { Member, Row } from "../../machine/parts.ts";

/** Of scenarios/tally.ts: a word for each of 8 CPUs. */
const CPUS = new Map(Array.from({ length: 8 }, (_, cpu) => [cpu, `cpu${cpu}`]));
const tally = (name: string): Member => ({ name, count: CPUS.size, labels: CPUS });

/** Up to the next line of 64 bytes. */
const REST_OF_LINE: Member = { name: "", bytes: 0, align: 64 };
/** Of scenarios/guarded.ts. */
const PAIR: Row = [["pair", "guarded"], tally("pair.updates"), REST_OF_LINE];

/** By the prefix of the functions that make and use it. */
const RECORDS: Readonly<Record<string, Row>> = {
  check_rwsem: [...PAIR, ["sem", "rw_semaphore"]],
  check_ldsem: [...PAIR, ["sem", "ld_semaphore"], { name: "met", layout: "completion", count: 2 }],
  check_percpu_rwsem: [...PAIR, ["sem", "percpu_rw_semaphore"]],
  check_qrwlock: [...PAIR, ["lock", "qrwlock"]],
  check_ticket: [...PAIR, ["lock", "arch_spinlock"]],
  check_mutex: [...PAIR, ["lock", "mutex"]],
  check_osq: [...PAIR, { name: "osq", lock: "osq" }],
  check_spinlock: [...PAIR, { name: "lock", lock: "spinlock" }],
  check_percpu_ref: [
    { name: "ref", layout: "percpu_ref", over: true },
    ["", "check_ref"],
    ["release", "completion"],
    ["confirm", "completion"],
  ],
  check_srcu: [
    ["", "check_srcu"],
    ["srcu", "srcu_struct"],
  ],
  check_srcu_fast: [
    ["", "check_srcu_fast"],
    ["srcu", "srcu_fast_struct"],
  ],
  check_qsbr: [["", "check_rcu"], tally("queued"), tally("run")],
  check_completion: [["", "check_completion"], tally("completed"), tally("taken")],
  check_wait: [["", "check_wait"], ["head", "wait_queue_head"], tally("given"), tally("taken")],
  check_kref: [["", "check_kref"], tally("uses")],
  check_ida: [["ida", "ida"], REST_OF_LINE, { name: "holders", count: 32 }],
  revocable_handle: [["", "revocable_handle"]],
  lock_busted: PAIR,
  revocable_v1_handle: [["", "revocable_v1_handle"]],
  revocable_v2_handle: [["", "revocable_v2_handle"]],
  yardstick: [["", "yardstick"]],
  litmus: [{ name: "x" }, REST_OF_LINE, { name: "y" }],
};

/** Prefixes whose record is another's, or is called otherwise. */
const RECORD_OF: Readonly<Record<string, string>> = {
  revocable: "revocable_handle",
  revocable_v1: "revocable_v1_handle",
  revocable_v2: "revocable_v2_handle",
  rwsem_no_last_wake: "check_rwsem",
  ldsem_no_release: "check_ldsem",
  wait_no_pass_on: "check_wait",
  completion_wake_first: "check_completion",
  rcu_busted: "check_qsbr",
  qsbr_no_reload: "check_qsbr",
  percpu_ref_no_confirm: "check_percpu_ref",
};

/** What records lead to: all of one slab type and size are of one kind. */
export const OBJECTS: readonly ObjectKind[] = [
  {
    name: "mortal",
    slab: "misc",
    row: [
      ["rcu", "rcu_head"],
      ["", "mortal"],
    ],
  },
  { name: "completion", slab: "misc", row: [["", "completion"], { name: "payload" }] },
  { name: "ida_bitmap", slab: "misc", row: [{ name: "" }] },
  { name: "revocable_provider", slab: "revocable", row: [["", "revocable_provider"]] },
  { name: "revocable_resource", slab: "revocable", row: [["", "revocable_resource"]] },
];

/** The kinds of a scenario's objects, when PREFIX_init has made the record that is at `at`. */
export function kindsOf(prefix: string, at: number): ObjectKind[] {
  const name = RECORD_OF[prefix] ?? prefix;
  const row = RECORDS[name];
  if (row === undefined) throw new Error(`records.ts: what is a record of ${prefix} made of?`);
  return [{ name, row, at }, ...OBJECTS];
}
