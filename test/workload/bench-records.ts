// SPDX-License-Identifier: GPL-2.0-only
/** The records of one benchmark job, field by field, for tests that play some of its CPUs themselves. */
import type { Stage } from "../kernel/rcu/stage.ts";
import { JobRecords } from "./job-records.ts";

const MEETING_BYTES = 64;
const MS = 1e6;

export interface JobFields {
  readonly ncpus: number;
  readonly contender: number;
  readonly windowMs?: number;
  readonly deadlineMs?: number;
  readonly capacity?: number;
  readonly removals?: number;
}

export class BenchRecords extends JobRecords {
  readonly #meetings: number;
  readonly #samples: number;
  readonly #capacity: number;

  constructor(stage: Stage, fields: JobFields) {
    const { ncpus, contender, windowMs = 2, deadlineMs = 10_000, capacity = 512 } = fields;
    super(stage, "BENCH", ncpus);
    this.#capacity = capacity;
    this.#meetings = stage.alloc(MEETING_BYTES * stage.constant("BENCH_MEETINGS"));
    this.#samples = stage.alloc(4 * capacity * ncpus);
    this.set("CONTENDER", contender);
    this.set("NCPUS", ncpus);
    this.set("CPUS", this.cpus);
    this.set("MEETINGS", this.#meetings);
    this.set("CAPACITY", capacity);
    this.set("REMOVALS", fields.removals ?? 0);
    this.set64("WINDOW_NS", windowMs * MS);
    this.set64("WARMUP_NS", MS);
    this.set64("DEADLINE_NS", deadlineMs * MS);
    for (let cpu = 0; cpu < ncpus; cpu++) {
      this.setCpu(cpu, "SAMPLES", this.#samples + cpu * 4 * capacity);
    }
  }

  /** Address of the counter of meeting MEET_X. */
  meeting(name: "START" | "WARM" | "DONE"): number {
    return this.#meetings + MEETING_BYTES * this.stage.constant(`MEET_${name}`);
  }

  /** Arrives at a meeting for a CPU that the test plays. */
  arrive(name: "START" | "WARM" | "DONE"): void {
    this.stage.set(this.meeting(name), this.stage.get(this.meeting(name)) + 1);
  }

  samples(cpu: number): number[] {
    const kept = Math.min(this.getCpu(cpu, "NR_SAMPLES"), this.#capacity);
    const first = this.#samples + cpu * 4 * this.#capacity;
    return Array.from({ length: kept }, (_, i) => this.stage.get(first + 4 * i));
  }
}

/** A call that may go on for long, and whether it has come back. */
export interface Running {
  readonly done: boolean;
  readonly result: Promise<number>;
}

export function start(stage: Stage, cpu: number, fn: string, ...args: number[]): Running {
  const state = { done: false };
  const result = stage.call(cpu, fn, ...args).then((value) => {
    state.done = true;
    return value;
  });
  result.catch(() => {});
  return {
    result,
    get done() {
      return state.done;
    },
  };
}
