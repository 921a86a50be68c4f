// SPDX-License-Identifier: GPL-2.0-only
/** The records of one storm, for tests that play its remover themselves. */
import type { Stage } from "../kernel/rcu/stage.ts";

const MEETING_BYTES = 64;

export interface StormFields {
  readonly ncpus: number;
  readonly removers: number;
  readonly ndevices: number;
  readonly driver?: number;
  readonly durationMs?: number;
  readonly fields?: Readonly<Record<string, number>>;
}

const WIDE = new Set(["DURATION_NS", "DEADLINE_NS", "SERVICE_NS", "STUTTER_NS"]);

export class StormRecords {
  readonly stage: Stage;
  readonly job: number;
  readonly driver: number;
  readonly #slots: number;
  readonly #meetings: number;

  constructor(stage: Stage, request: StormFields) {
    this.stage = stage;
    this.driver = request.driver ?? stage.constant("REV_PUT_DEVICE") << 8; // the patch's gate is 0
    this.job = stage.alloc(stage.constant("SIZEOF_STORM_JOB"));
    this.#slots = stage.alloc(stage.constant("SIZEOF_STORM_SLOT") * Math.max(request.ndevices, 1));
    this.#meetings = stage.alloc(MEETING_BYTES * stage.constant("STORM_MEETINGS"));
    const fields = {
      DRIVER: this.driver,
      NCPUS: request.ncpus,
      REMOVERS: request.removers,
      NDEVICES: request.ndevices,
      DURATION_NS: (request.durationMs ?? 60_000) * 1e6,
      DEADLINE_NS: 10e9,
      SLOTS: this.#slots,
      MEETINGS: this.#meetings,
      SEED: 1,
      IOCTLS_PER_OPEN: 64,
      ...request.fields,
    };
    for (const [field, value] of Object.entries(fields)) this.#set(field, value);
  }

  #set(field: string, value: number): void {
    const at = this.job + this.stage.constant(`OFFSETOF_STORM_JOB_${field}`);
    if (WIDE.has(field)) this.stage.add64(at, BigInt(value));
    else this.stage.set(at, value);
  }

  #slot(n: number, field: string): number {
    const at = this.#slots + n * this.stage.constant("SIZEOF_STORM_SLOT");
    return at + this.stage.constant(`OFFSETOF_STORM_SLOT_${field}`);
  }

  get(n: number, field: string): number {
    return this.stage.get(this.#slot(n, field));
  }

  set(n: number, field: string, value: number): void {
    this.stage.set(this.#slot(n, field), value);
  }

  /** Arrives at a meeting for the remover that the test plays. */
  arrive(n: number): void {
    const at = this.#meetings + MEETING_BYTES * n;
    this.stage.set(at, this.stage.get(at) + 1);
  }

  /** How many have arrived there. */
  arrived(n: number): number {
    return this.stage.get(this.#meetings + MEETING_BYTES * n);
  }

  /** Plugs a device into slot `n`, as a remover would. @returns its function */
  async plug(n: number): Promise<number> {
    const pdev = await this.stage.machine.invoke(0, "cxl_plug", { args: [this.driver, 0n] });
    if (pdev === 0) throw new Error("the driver did not probe");
    this.set(n, "PDEV", pdev);
    this.set(n, "MINOR", await this.stage.call(0, "cxl_plugged_minor", pdev));
    this.set(n, "GENERATION", this.get(n, "GENERATION") + 1);
    return pdev;
  }

  /** CPU 1's part; the test is CPU 0, and has arrived at the start. */
  client(): { result: Promise<number> } {
    this.arrive(this.stage.constant("STORM_START"));
    return { result: this.stage.call(1, "storm", this.job) };
  }

  /** Ends a storm whose remover the test plays. */
  async end(client: { result: Promise<number> }): Promise<number> {
    await this.stage.call(0, "storm_end", this.job);
    this.arrive(this.stage.constant("STORM_END"));
    return client.result;
  }
}
