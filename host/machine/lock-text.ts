// SPDX-License-Identifier: GPL-2.0-only
/** Says in words how a lock or a count stands, a line for each word that says something. */
import type { KernelAbi } from "../abi/kernel.ts";
import type { LockClass, LockValues } from "./lock-classes.ts";
import {
  activeText,
  biasedText,
  blockText,
  closedText,
  countText,
  cpuOf,
  doneText,
  flagText,
  gpLockText,
  hazardText,
  hex,
  ldsemText,
  mutexOwnerText,
  osqText,
  percpuRefText,
  qrwlockText,
  rankText,
  rcuSyncText,
  readersText,
  refcountText,
  rwsemOwnerText,
  sequenceText,
  spinlockText,
  srcuFastSeqText,
  srcuSeqText,
  ticketText,
  writersText,
  yardstickText,
} from "./lock-words.ts";

/** A field and what is said of it; null: nothing, as of a free lock inside of another. */
type Line = readonly [field: string, text: string | null];

interface Told {
  readonly abi: KernelAbi;
  /** A field's value; 0 of one that is not there. */
  readonly of: (field: string) => number;
  readonly values: LockValues;
}

const spinlock = ({ of }: Told, field: string): Line => [
  field,
  of(field) === 0 ? null : spinlockText(of(field)),
];
const queue = ({ abi, of }: Told, field: string): Line => [
  field,
  of(field) === 0 ? null : `${cpuOf(abi, of(field))}, waits`,
];
const osq = ({ of }: Told): Line => ["osq", of("osq") === 0 ? null : osqText(of("osq"))];

/** Of all CPUs together, modulo 2^32. @param suffix - "", ".lock_count", "[0].srcu_locks" */
function sumOf({ values }: Told, suffix: string): number {
  const all = Object.entries(values).filter(
    ([name]) => /^cpu\d+/.exec(name)?.[0] + suffix === name,
  );
  return all.reduce((sum, [, value]) => (sum + value) | 0, 0);
}

/** A line of both ranks of an SRCU domain. */
function ranks(told: Told, field: string, counts: readonly (readonly [string, string])[]): Line {
  const texts = counts.map(([locks, unlocks], rank) =>
    rankText(rank, sumOf(told, locks), sumOf(told, unlocks)),
  );
  return [field, texts.join("; ")];
}

/** Which seats or flags are taken: each CPU whose word is not 0. */
function flags({ values }: Told): Line {
  const taken = Object.entries(values).filter(
    ([name, value]) => /^cpu\d+$/.test(name) && value !== 0,
  );
  const texts = taken.map(([name, value]) => `${name}: ${flagText(value)}`);
  return ["flags", texts.join(", ") || "nobody inside"];
}

const WORD = "";

const LINES: Readonly<Record<LockClass, (told: Told) => readonly Line[]>> = {
  rw_semaphore: (told) => [
    ["count", countText(told.abi, told.of("count"))],
    ["owner", rwsemOwnerText(told.abi, told.of("owner"))],
    osq(told),
    spinlock(told, "wait_lock"),
    queue(told, "wait_head"),
  ],
  mutex: (told) => [
    ["owner", mutexOwnerText(told.abi, told.of("owner"))],
    osq(told),
    spinlock(told, "wait_lock"),
    queue(told, "first"),
  ],
  completion: (told) => [
    ["done", doneText(told.of("done"))],
    spinlock(told, "lock"),
    queue(told, "first"),
  ],
  wait_queue_head: (told) => [
    [
      "first",
      told.of("first") === 0 ? "0: nobody waits" : `${cpuOf(told.abi, told.of("first"))}, waits`,
    ],
    spinlock(told, "lock"),
  ],
  percpu_ref: (told) => [
    ["percpu_count_ptr", percpuRefText(told.abi, told.of("percpu_count_ptr"))],
    // The counters may be freed, or never have been.
    ["percpu_count", "cpu0" in told.values ? `${sumOf(told, "")}: of all CPUs together` : null],
  ],
  ld_semaphore: (told) => [
    ["count", ldsemText(told.abi, told.of("count"))],
    spinlock(told, "wait_lock"),
    queue(told, "write_first"),
    queue(told, "read_first"),
  ],
  qrwlock: ({ abi, of }) => [["cnts", qrwlockText(abi, of("cnts"))]],
  arch_spinlock: ({ of }) => [["owner", ticketText(of("owner"), of("next"))]],
  percpu_rw_semaphore: (told) => [
    ["read_count", readersText(sumOf(told, ""))],
    ["block", blockText(told.of("block"))],
    queue(told, "writer"),
  ],
  rcu_sync: ({ of }) => [
    ["gp_state", rcuSyncText(of("gp_state"))],
    ["gp_count", of("gp_count") === 0 ? null : writersText(of("gp_count"))],
  ],
  srcu_struct: (told) => [
    ["srcu_idx", `${told.of("srcu_idx")}: readers count on rank ${told.of("srcu_idx") & 1}`],
    ["srcu_gp_seq", srcuSeqText(told.of("srcu_gp_seq"))],
    ranks(told, "sda", [
      [".lock_count", ".unlock_count"],
      [".lock_count_1", ".unlock_count_1"],
    ]),
  ],
  srcu_fast_struct: (told) => [
    [
      "srcu_ctrp",
      `${hex(told.of("srcu_ctrp"))}: readers count on rank ${(told.of("srcu_ctrp") >>> 3) & 1}`,
    ],
    ["srcu_gp_seq", srcuFastSeqText(told.of("srcu_gp_seq"))],
    ["srcu_gp_waits", told.of("srcu_gp_waits") === 0 ? null : "1: an unlock wakes the updater"],
    ranks(told, "ctrs", [
      ["[0].srcu_locks", "[0].srcu_unlocks"],
      ["[1].srcu_locks", "[1].srcu_unlocks"],
    ]),
  ],
  refcount_gate: ({ of }) => [
    ["active_users", refcountText(of("active_users"))],
    ["dying", closedText(of("dying"))],
  ],
  kernfs_node: ({ abi, of }) => [
    ["active", activeText(of("active"), abi.constant("KN_DEACTIVATED_BIAS"))],
  ],
  srcu_gate: ({ of }) => [["unplugged", closedText(of("unplugged"))]],
  srcu_fast_gate: ({ of }) => [["unplugged", closedText(of("unplugged"))]],
  brlock_gate: (told) => [["writer", closedText(told.of("writer"))], flags(told)],
  hazard_gate: ({ of }) => [
    ["state", hazardText(of("state"))],
    ["seats", `${of("seats")} taken`],
  ],
  bravo_bias: ({ of }) => [
    ["rbias", of("rbias") === 0 ? "0: readers take the rwsem" : "1: readers pass the rwsem by"],
    ["seats", `${of("seats")} taken`],
  ],
  seqlock_gate: ({ of }) => [["sequence", sequenceText(of("sequence"))]],
  refcount: ({ of }) => [[WORD, refcountText(of("word"))]],
  biased_count: ({ abi, of }) => [[WORD, biasedText(abi, of("word"))]],
  spinlock: ({ of }) => [[WORD, spinlockText(of("word"))]],
  osq: ({ of }) => [[WORD, osqText(of("word"))]],
  gp_lock: ({ of }) => [[WORD, gpLockText(of("word"))]],
  yardstick: ({ of }) => [[WORD, yardstickText(of("word"))]],
};

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
  const told: Told = { abi, values, of: (field) => values[field] ?? 0 };
  return LINES[kind](told).flatMap(([field, text]) => {
    if (text === null) return [];
    return [`${field === WORD ? name : `${name}.${field}`} = ${text}`];
  });
}
