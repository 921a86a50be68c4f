// SPDX-License-Identifier: GPL-2.0-only
/** Machines that measure nothing: a test says what each job reports. */
import type { Contender, Gate } from "../../host/bench/contenders.ts";
import type { Machines } from "../../host/bench/fleet.ts";
import type { CpuReport, Job, JobRequest } from "../../host/bench/job.ts";
import { kernelImage } from "../../host/machine/image.ts";

const abi = kernelImage("default").abi;

/** Samples that a CPU reports unless a test says otherwise: enough for a window to count. */
const SAMPLES = 10;

/** One CPU that took `ns` for each of its operations. */
export function report(ns: number, samples = SAMPLES): CpuReport {
  return {
    samples: new Uint32Array(samples).fill(ns * 1000),
    dropped: 0,
    clockNs: 20,
    ops: 1000,
    elapsedNs: 1000 * ns,
  };
}

export function reports(request: JobRequest, ns: number, samples = SAMPLES): CpuReport[] {
  return Array.from({ length: request.ncpus }, () => report(ns, samples));
}

/** What a job reports; null: the signal ended it. */
export type Script = (request: JobRequest, cpus: number) => readonly CpuReport[] | null;

export class FakeMachines implements Machines {
  /** The jobs run so far, in order. */
  readonly jobs: (JobRequest & { readonly cpus: number })[] = [];
  /** Calls of exports so far: "bench_device_create 3". */
  readonly calls: string[] = [];
  /** What each of them returned. */
  readonly answered: number[] = [];
  readonly #script: Script;
  readonly #answers: Readonly<Record<string, number>>;
  #next = 0x1000;

  /** @param answers - what exports return; else a fresh address */
  constructor(script: Script, answers: Readonly<Record<string, number>> = {}) {
    this.#script = script;
    this.#answers = answers;
  }

  async of(cpus: number): Promise<Job> {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
    return {
      machine: {
        cpus,
        kernel: abi,
        memory,
        userMemory: (cpu) => 0x8000 + cpu * 0x100,
        hostAlloc: () => 0x10000,
        call: async (_cpu, fn, ...args) => {
          this.calls.push([fn, ...args].join(" "));
          this.#next += 0x1000;
          const answer = this.#answers[fn] ?? this.#next;
          this.answered.push(answer);
          return answer;
        },
      },
      run: async (request) => {
        this.jobs.push({ ...request, cpus });
        return this.#script(request, cpus);
      },
    };
  }
}

export const EMPTY: Contender = { name: "empty loop", kind: "baseline", id: 256 };
export const ATOMIC: Contender = { name: "atomic pair", kind: "baseline", id: 258 };
const FIT = { atomic: false };
export const RWSEM: Gate = { name: "rwsem", kind: "gate", id: 0, entrants: "blocks", ...FIT };
export const PERCPU_REF: Gate = {
  name: "percpu_ref",
  kind: "gate",
  id: 2,
  entrants: "fails",
  ...FIT,
};
export const QSBR: Gate = { ...PERCPU_REF, name: "qsbr", id: 129, atomic: true };
export const BUSTED: Gate = { name: "busted", kind: "gate", id: 4, entrants: "passes", ...FIT };

/** A signal that nobody aborts. */
export const NEVER: AbortSignal = new AbortController().signal;

export const ignore = (): void => {};
