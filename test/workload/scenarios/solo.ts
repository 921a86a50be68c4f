// SPDX-License-Identifier: GPL-2.0-only
/** A scenario whose bodies run one after the other, on the one CPU of the test's own thread. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";

export const EIO = -5;
export const EBUSY = -16;
export const ENOENT = -2;
export const ENOSPC = -28;
export const ENXIO = -6;
export const ETIMEDOUT = -110;

export class Solo extends Local {
  readonly #name: string;
  /** Address of the scenario's record. */
  readonly at: number;

  constructor(name: string, ...init: number[]) {
    super();
    this.#name = name;
    this.at = this.call(`${name}_init`, ...init);
    assert.ok(this.at !== 0, `${name}_init`);
  }

  /** Runs thread body `role`. @returns 0, or a negative errno */
  run(role: string, ...args: number[]): number {
    return this.call(`${this.#name}_${role}`, this.at, ...args);
  }

  /** Bends the word `offset` bytes into the record. */
  bend(offset: number, by = 1): void {
    this.poke(this.at + offset, this.word(this.at + offset) + by);
  }

  /** Ends the scenario. @returns what it said, and the violations in the log */
  end(): { said: number; log: string[] } {
    const said = this.run("end");
    this.call("cpu_leave");
    const log = this.log().filter(({ level }) => level === "LEVEL_VIOLATION");
    return { said, log: log.map(({ code }) => code) };
  }

  /** Ends the scenario, which found nothing and left nothing behind. */
  endsWell(): void {
    assert.equal(this.end(), { said: 0, log: [] });
    assert.equal(this.warnings(), []);
    assert.is(this.call("slab_live", this.constant("SLAB_MISC")), 0, "objects left");
    assert.is(this.call("percpu_used"), 0, "per-CPU memory left");
  }

  /** Ends the scenario, which must report `codes`. */
  endsWith(...codes: string[]): void {
    assert.equal(this.end(), { said: EIO, log: codes });
  }
}

/** One body that is alone: a role, its arguments behind the record, and what it must return. */
export type Step = readonly [role: string, args: readonly number[], said?: number];

/** A test that the bodies of `steps`, one after the other, work, and that the end agrees. */
export function solo(title: string, make: () => Solo, steps: readonly Step[]): void {
  test(title, () => {
    const scenario = make();
    for (const [role, args, said = 0] of steps) {
      assert.is(scenario.run(role, ...args), said, role);
    }
    scenario.endsWell();
  });
}
