// SPDX-License-Identifier: GPL-2.0-only
/** A percpu_ref on a machine, with the callbacks of assembly/workload/percpu_ref_torture.ts. */
import * as assert from "uvu/assert";
import type { MachineOptions } from "../../host/machine/machine.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";

const BARE = { bracket: false };
export const ATOMIC = 1;
export const DEAD = 2;
export const BIAS = 0x8000_0000;

/** A percpu_ref, and the words behind it that its callbacks write. */
export class Ref {
  readonly at: number;
  readonly #stage: Stage;

  private constructor(stage: Stage) {
    this.#stage = stage;
    this.at = stage.alloc(stage.constant("SIZEOF_TORTURE_REF"));
  }

  /** `flags`: any of PERCPU_REF_*. */
  static async init(stage: Stage, ...flags: string[]): Promise<Ref> {
    const ref = new Ref(stage);
    const bits = flags.reduce((sum, name) => sum | stage.constant(`PERCPU_REF_${name}`), 0);
    const release = stage.constant("PERCPU_REF_RELEASE_TORTURE");
    const status = await stage.call(0, "percpu_ref_init", ref.at, release, bits);
    assert.is(status, 0);
    stage.set(ref.at + stage.constant("OFFSETOF_TORTURE_REF_ALIVE"), 1);
    return ref;
  }

  /** Calls percpu_ref_`what`(ref, ...). */
  call(cpu: number, what: string, ...args: number[]): Promise<number> {
    return this.#stage.call(cpu, `percpu_ref_${what}`, this.at, ...args);
  }

  /** The same without leaving the kernel, which would run the callbacks. */
  bare(cpu: number, what: string, ...args: number[]): Promise<number> {
    const all = [this.at, ...args];
    return this.#stage.invoke(cpu, `percpu_ref_${what}`, { args: all, ...BARE });
  }

  ptr(): number {
    return this.#stage.get(this.at + this.#stage.constant("OFFSETOF_PERCPU_REF_COUNT_PTR"));
  }

  flags(): number {
    return this.ptr() & 3;
  }

  count(): number {
    return this.#stage.get(
      this.#stage.get(this.at + this.#stage.constant("OFFSETOF_PERCPU_REF_DATA")),
    );
  }

  /** The per-CPU counters. */
  counters(): number[] {
    const { machine } = this.#stage;
    return Array.from({ length: machine.cpus }, (_, cpu) =>
      this.#stage.get(this.#stage.percpu(this.ptr() & ~3, cpu)),
    );
  }

  /** The count with the per-CPU counters in it. */
  total(): number {
    return this.counters().reduce((sum, n) => sum + n, this.count()) >>> 0;
  }

  /** RELEASED, CONFIRMED, CLIENTS or BAD. */
  word(name: string): number {
    return this.#stage.get(this.at + this.#stage.constant(`OFFSETOF_TORTURE_REF_${name}`));
  }

  async confirmedKill(cpu: number): Promise<void> {
    const confirm = this.#stage.constant("PERCPU_REF_CONFIRM_TORTURE");
    await this.call(cpu, "kill_and_confirm", confirm);
  }
}

/** A test with a machine and a ref of its own. */
export function refTest(
  name: string,
  options: MachineOptions,
  flags: string[],
  body: (ref: Ref, stage: Stage) => Promise<void>,
): void {
  staged(name, options, async (stage) => body(await Ref.init(stage, ...flags), stage));
}
