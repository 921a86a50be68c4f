// SPDX-License-Identifier: GPL-2.0-only
/** percpu_rw_semaphore: the two paths of a reader, and who waits for whom. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../../support/local.ts";
import { type Stage, staged } from "../rcu/stage.ts";

const CPUS = { cpus: 4 };

/** A semaphore on a stage's machine. */
class Sem {
  readonly stage: Stage;
  readonly at: number;

  private constructor(stage: Stage) {
    this.stage = stage;
    this.at = stage.alloc(stage.constant("SIZEOF_PERCPU_RW_SEMAPHORE"));
  }

  static async on(stage: Stage): Promise<Sem> {
    const sem = new Sem(stage);
    assert.is(await sem.call(0, "percpu_init_rwsem"), 0);
    return sem;
  }

  call(cpu: number, fn: string): Promise<number> {
    return this.stage.call(cpu, fn, this.at);
  }

  /** Starts a call that is to sleep for the semaphore. */
  async held(cpu: number, fn: string): Promise<Held> {
    const held: Held = { over: false, end: Promise.resolve(0) };
    held.end = this.call(cpu, fn).then((rc) => {
      held.over = true;
      return rc;
    });
    await this.stage.waits(cpu, "WAIT_PERCPU_RWSEM", this.at);
    return held;
  }

  field(name: string): number {
    return this.stage.get(this.at + this.stage.constant(`OFFSETOF_PERCPU_RW_SEMAPHORE_${name}`));
  }

  /** What each CPU has counted. */
  counts(): number[] {
    const { machine } = this.stage;
    const offset = this.field("READ_COUNT");
    return Array.from({ length: machine.cpus }, (_, cpu) => {
      return this.stage.get(this.stage.percpu(offset, cpu)) | 0;
    });
  }
}

interface Held {
  over: boolean;
  end: Promise<number>;
}

staged(
  "B1: without a writer a reader counts on its own CPU, and looks at nothing else",
  CPUS,
  async (s) => {
    const sem = await Sem.on(s);
    s.set(sem.at + s.constant("OFFSETOF_PERCPU_RW_SEMAPHORE_BLOCK"), 1);
    await sem.call(1, "percpu_down_read");
    await sem.call(2, "percpu_down_read");
    assert.equal(sem.counts(), [0, 1, 1, 0]);
    await sem.call(1, "percpu_up_read");
    await sem.call(3, "percpu_up_read");
    assert.equal(sem.counts(), [0, 0, 1, -1], "one left on another CPU");
  },
);

staged(
  "B3, B4: a writer waits for the last reader, and a second writer for the first",
  CPUS,
  async (s) => {
    const sem = await Sem.on(s);
    await sem.call(1, "percpu_down_read");
    await sem.call(2, "percpu_down_read");
    const writer = await sem.held(0, "percpu_down_write");
    const second = await sem.held(3, "percpu_down_write");
    await sem.call(1, "percpu_up_read");
    await s.until("it sleeps again", () => s.machine.tasks()[0]?.state === "TASK_PARKED");
    assert.not.ok(writer.over);
    await sem.call(2, "percpu_up_read");
    await writer.end;
    assert.not.ok(second.over);
    await sem.call(0, "percpu_up_write");
    await second.end;
    await sem.call(3, "percpu_up_write");
    assert.is(sem.field("BLOCK"), 0);
  },
);

staged(
  "B2: a reader that a writer holds up counts for nothing, and gets in behind it",
  CPUS,
  async (s) => {
    const sem = await Sem.on(s);
    await sem.call(0, "percpu_down_write");
    assert.is(await sem.call(2, "percpu_down_read_trylock"), 0);
    const reader = await sem.held(1, "percpu_down_read");
    assert.equal(sem.counts(), [0, 0, 0, 0]);
    await sem.call(0, "percpu_up_write");
    await reader.end;
    assert.is(
      sem.counts().reduce((sum, count) => sum + count),
      1,
    );
    await sem.call(1, "percpu_up_read");
  },
);

staged("B5: those who wait get in in order, up to and with the first writer", CPUS, async (s) => {
  const sem = await Sem.on(s);
  await sem.call(0, "percpu_down_write");
  const reader = await sem.held(1, "percpu_down_read");
  const writer = await sem.held(2, "percpu_down_write");
  const late = await sem.held(3, "percpu_down_read");
  await sem.call(0, "percpu_up_write");
  await reader.end;
  assert.not.ok(writer.over, "it waits for the reader");
  assert.equal(sem.counts(), [1, 0, 0, 0], "counted by who let it in");
  await sem.call(1, "percpu_up_read");
  await writer.end;
  assert.not.ok(late.over);
  await sem.call(2, "percpu_up_write");
  await late.end;
  await sem.call(3, "percpu_up_read");
});

test("a semaphore that is freed gives its counts back, whenever the writer left", () => {
  const local = new Local();
  const used = () => local.call("percpu_used");
  const at = local.alloc(local.constant("SIZEOF_PERCPU_RW_SEMAPHORE"));
  const before = used();
  for (const written of [false, true]) {
    assert.is(local.call("percpu_init_rwsem", at), 0);
    assert.ok(used() > before);
    if (written) for (const fn of ["percpu_down_write", "percpu_up_write"]) local.call(fn, at);
    local.call("percpu_free_rwsem", at);
    assert.is(used(), before);
  }
  assert.equal(local.warnings(), []);
});

test.run();
