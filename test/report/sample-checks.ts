// SPDX-License-Identifier: GPL-2.0-only
/** Made-up rows of a check, with a counterexample of each shape: a misuse, a deadlock, a livelock. */
import type { CheckRow, CheckStep, ClaimRow, CounterExample } from "../../host/result/check.ts";
import type { Result } from "../../host/result/result.ts";
import { sampleResult } from "./sample-result.ts";

type Access = readonly [
  access: string,
  object: string,
  before: string | null,
  after: string | null,
];

function step(thread: number, site: string, what: Access, note: string | null = null): CheckStep {
  const [fn = "", at = null] = site.split(" ");
  const [access, object, before, after] = what;
  return { thread, fn, at, access, object, before, after, visible: true, note };
}

/** Steps that no other thread can see. */
function privately(thread: number, site: string, count: number, object: string): CheckStep[] {
  const access: Access = ["load", object, "0x0", null];
  return Array.from({ length: count }, () => ({ ...step(thread, site, access), visible: false }));
}

const useAfterFree: CounterExample = {
  property: "use after free",
  detail: "load of 4 bytes at cxl_mem#1.state, in freed memory",
  threads: ["remover", "ioctl"],
  steps: [
    ...privately(1, "sys_ioctl workload/syscalls.ts:118", 12, "cpu1.scratch+0x40"),
    step(1, "ioctl drivers/cxl/memdev/put_device.ts:121", [
      ...(["load", "cxl_memdev#1.cxlm", "0x41c40", null] as const),
    ]),
    step(0, "kill gates/busted.ts:58", ["store", "cxl_memdev#1.cxlm", "0x41c40", "0x0"]),
    ...privately(0, "devres_release_all drivers/base/devres.ts:92", 2, "devres#1.next"),
    step(0, "cxl_mem_set_state drivers/cxl/cxlmem.ts:150", [
      ...(["store", "cxl_mem#1.state", "0xc1a70001", "0xdeadc1a7"] as const),
    ]),
    step(0, "kfree mm/slab.ts:241", ["free", "cxl_mem#1", null, null], "the devm action"),
    ...privately(0, "slab_put mm/slab.ts:198", 1_204, "cpu0.slab[1].loaded"),
    step(1, "cxl_mem_state drivers/cxl/cxlmem.ts:141", [
      ...(["load", "cxl_mem#1.state", "0xdeadc1a7", null] as const),
    ]),
  ],
  switches: 2,
  sleepers: [],
  origins: [
    "cxl_mem#1 allocated by init: cxl_mem_create drivers/cxl/mem.ts:50",
    "cxl_mem#1 freed by remover: cxl_mem_devm_free drivers/cxl/mem.ts:72",
  ],
  locks: ["cxl_memdev#1.dev.kobj_ref = 2: 2 references"],
  cycleFrom: null,
  schedule: "1*13,0*1208,1",
};

const deadlock: CounterExample = {
  property: "deadlock",
  detail: "no thread can run, and two have not returned",
  threads: ["writer", "reader", "second reader with a name that is longer than its column"],
  steps: [
    step(1, "down_read kernel/locking/rwsem.ts:141", ["add", "sem.count", "0x0", "0x100"]),
    step(0, "down_write kernel/locking/rwsem.ts:170", [
      ...(["compare-exchange", "sem.count", "0x100", "0x102"] as const),
    ]),
    step(
      0,
      "schedule kernel/sched/core.ts:96",
      ["wait", "cpu0.task.state", "2", null],
      "sleeps on cpu0.task.state: waits to write-lock rwsem sem",
    ),
    step(2, "down_read kernel/locking/rwsem.ts:141", ["add", "sem.count", "0x102", "0x202"]),
    step(2, "down_read kernel/locking/rwsem.ts:141", ["sub", "sem.count", "0x202", "0x102"]),
    step(
      2,
      "a_function_with_a_name_longer_than_its_column",
      ["wait", "cpu2.task.state", "2", null],
      "sleeps on cpu2.task.state: waits to read-lock rwsem sem",
    ),
    step(1, "up_read kernel/locking/rwsem.ts:199", ["sub", "sem.count", "0x102", "0x2"]),
    step(1, "rwsem_wake kernel/locking/rwsem_wake.ts:88", ["load", "cpu0.task.state", "2", null]),
  ],
  switches: 4,
  sleepers: [
    "writer in down_write: waits to write-lock rwsem sem",
    "second reader: waits to read-lock rwsem sem",
  ],
  origins: [],
  locks: ["sem.count = 0x2: waiters", "sem.owner = cpu1, reader"],
  cycleFrom: null,
  schedule: "1,0*2,2*3,1*2",
};

const livelock: CounterExample = {
  property: "livelock",
  detail: "2 steps repeat for ever, and nobody gets on",
  threads: ["a", "b"],
  steps: [
    ...privately(0, "osq_lock kernel/locking/osq_lock.ts:98", 3, "cpu0.osq_node.locked"),
    ...privately(0, "osq_lock kernel/locking/osq_lock.ts:98", 3, "cpu0.osq_node.locked"),
    step(1, "osq_lock kernel/locking/osq_lock.ts:99", ["load", "cpu1.osq_node.locked", "0", null]),
  ],
  switches: 1,
  sleepers: [],
  origins: [],
  locks: [],
  cycleFrom: 3,
  schedule: "0*6 1",
};

const SOUND: CheckRow = {
  ...{ scenario: "removal", subject: "put_device+rwsem", revision: "put_device", gate: "rwsem" },
  ...{ threads: ["remover", "ioctl"], memory: "sc", search: "bfs" },
  ...{ verdict: "holds", expected: "holds", property: null, unexplored: [] },
  ...{ states: 812_345, transitions: 2_345_678, depth: 84, seconds: 12.34, collision: 3.6e-8 },
  counterexample: null,
  command: "hotunplug check removal --revision put_device --gate rwsem",
};

function violated(scenario: string, subject: string, counterexample: CounterExample): CheckRow {
  const { property, threads } = counterexample;
  const command = `hotunplug check ${scenario} --revision ${subject}`;
  const figures = { states: 4_321, transitions: 9_876, depth: 41, seconds: 0.21, collision: 0 };
  const found = { verdict: "violated" as const, property, counterexample, threads, command };
  return { ...SOUND, ...figures, ...found, scenario, subject };
}

/** One of each verdict, as it must be and not. */
export const CHECKS: readonly CheckRow[] = [
  SOUND,
  { ...violated("removal", "put_device+busted", useAfterFree), expected: "violated" },
  { ...violated("failed-add", "percpu_ref", useAfterFree), expected: null },
  violated("rwsem", "rwsem", deadlock),
  { ...SOUND, scenario: "rcu", subject: "busted grace period", expected: "violated" },
  {
    ...{ ...SOUND, scenario: "removal", subject: "put_device+rwsem_per_device", memory: "tso" },
    ...{ verdict: "bounded", search: "random", collision: 0 },
    unexplored: ["Schedules with more than 3 context switches.", "Timeouts of rwsem waiters."],
  },
  { ...violated("osq", "osq_lock", livelock), expected: null },
];

const CELL = { bound: "2 threads, every schedule", schedule: null };

export const CLAIMS: readonly ClaimRow[] = [
  {
    claim: "an ioctl in flight uses a context that the driver's unbinding freed",
    source: "5877515912cc",
    cells: [
      { ...CELL, revision: "percpu_ref", reachable: false },
      { ...CELL, revision: "rwsem", reachable: false },
      { ...CELL, revision: "put_device", reachable: null, bound: "3 switches" },
    ],
  },
  {
    claim: "an opener that came during a failed add uses freed memory",
    source: "1c3333a28d45",
    cells: [
      { ...CELL, revision: "percpu_ref", reachable: true, schedule: "1*13,0*1208,1" },
      { ...CELL, revision: "rwsem", reachable: true, schedule: "0*7,1*2" },
    ],
  },
];

/** What `hotunplug check` might find. */
export function checkResult(
  checks: readonly CheckRow[] = CHECKS,
  claims: readonly ClaimRow[] = [],
): Result {
  const none = { gates: [], pairs: [], removals: [], storms: [], comparisons: [], breakEvens: [] };
  return {
    ...sampleResult(),
    ...none,
    command: "check",
    asked: {
      ...{ scenario: null, variant: null, revision: null, gate: null, threads: null },
      ...{ memory: "sc", search: "bfs", replay: null },
      ...{ seed: 1, bound: null, maxStates: null, memoryLimitBytes: 2 ** 31, workers: 2 },
      reduction: true,
    },
    checks,
    claims,
  };
}
