// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Stage, staged } from "./stage.ts";

interface Torture {
  readonly flavour: string;
  readonly updates: number;
  readonly readers: number;
  /** Further CPUs that only ask for grace periods. */
  readonly fakewriters?: number;
  /** Loads inside a section, at most. */
  readonly delay: number;
  /** One section in so many is followed by a time offline; 0: none. */
  readonly offline?: number;
  readonly gap?: number;
}

interface Verdict {
  /** Sections by the age of what they saw. */
  readonly pipe: number[];
  readonly rtmbe: number;
  readonly sections: number;
  readonly updates: number;
}

async function torture(stage: Stage, t: Torture): Promise<Verdict> {
  const base = stage.alloc(stage.constant("RCU_TORTURE_BYTES"));
  await stage.call(0, "rcu_torture_init", base);
  const flavour = stage.constant(t.flavour);
  const ages = stage.constant("RCU_TORTURE_PIPE_LEN") + 1;
  const first = base + stage.constant("OFFSETOF_RCU_TORTURE_PIPE");
  const pipe = Array.from({ length: ages }, (_, age) => first + 4 * age);
  const readers = Array.from({ length: t.readers }, (_, i) =>
    stage.call(1 + i, "rcu_torture_reader", base, 17 + i, t.delay, t.offline ?? 0),
  );
  const fakes = Array.from({ length: t.fakewriters ?? 0 }, (_, i) =>
    stage.call(1 + t.readers + i, "rcu_torture_fakewriter", t.updates),
  );
  const sectionsOf = () => pipe.reduce((sum, at) => sum + stage.get(at), 0);
  await stage.until("a reader is in", () => sectionsOf() > 0);
  const updates = await stage.call(0, "rcu_torture_writer", base, t.updates, flavour, t.gap ?? 200);
  const sections = (await Promise.all(readers)).reduce((sum, n) => sum + n, 0);
  await Promise.all(fakes);
  return {
    pipe: pipe.map((at) => stage.get(at)),
    rtmbe: stage.get(base + stage.constant("OFFSETOF_RCU_TORTURE_RTMBE")),
    sections,
    updates,
  };
}

function held({ pipe, rtmbe, sections }: Verdict): void {
  assert.is(
    pipe.reduce((sum, n) => sum + n, 0),
    sections,
    "every section is in the histogram",
  );
  assert.equal(pipe.slice(2), pipe.slice(2).fill(0), `a grace period was too short: ${pipe}`);
  assert.is(rtmbe, 0, "a reader saw an element that was not there");
}

staged("no reader sees an element of age 2: synchronize_rcu()", { cpus: 2 }, async (stage) => {
  const verdict = await torture(stage, {
    flavour: "RCU_TORTURE_SYNC",
    updates: 3000,
    readers: 1,
    delay: 300,
  });
  held(verdict);
  assert.is(verdict.updates, 3000);
  assert.ok((verdict.pipe[1] ?? 0) > 0, "no removal ever met a reader");
});

staged("no reader sees an element of age 2: callbacks", { cpus: 2 }, async (stage) => {
  const verdict = await torture(stage, {
    flavour: "RCU_TORTURE_CALLBACK",
    updates: 3000,
    readers: 1,
    delay: 300,
  });
  held(verdict);
  assert.ok(stage.event("EV_RCU_CALLBACK") >= 9 * verdict.updates);
});

staged(
  "the same with more CPUs than cores, readers that go offline, and updaters that share",
  { cpus: 5, deadlineMs: 60_000 },
  async (stage) => {
    const storm = { updates: 400, readers: 3, fakewriters: 1, delay: 200, offline: 3 };
    held(await torture(stage, { flavour: "RCU_TORTURE_SYNC", ...storm }));
    held(await torture(stage, { flavour: "RCU_TORTURE_CALLBACK", ...storm }));
  },
);

/** A reader that is inside while `updates` elements are replaced: what it sees at its end. */
async function ageUnderReader(stage: Stage, flavour: string, updates: number): Promise<number> {
  const base = stage.alloc(stage.constant("RCU_TORTURE_BYTES"));
  await stage.call(0, "rcu_torture_init", base);
  const reader = await stage.enter(1, "rcu_torture_holder", base);
  const writer = stage.call(0, "rcu_torture_writer", base, updates, stage.constant(flavour), 1);
  if (flavour === "RCU_TORTURE_BUSTED") await writer;
  else await stage.waits(0, "WAIT_RCU_GP", 1);
  const age = await reader.leave();
  await writer;
  return age;
}

staged("a reader that stays inside ages its element to 1, no more", { cpus: 2 }, async (stage) => {
  assert.is(await ageUnderReader(stage, "RCU_TORTURE_SYNC", 5), 1);
  assert.is(await ageUnderReader(stage, "RCU_TORTURE_CALLBACK", 5), 1);
});

staged("negative control: a grace period that does not wait", { cpus: 2 }, async (stage) => {
  assert.is(
    await ageUnderReader(stage, "RCU_TORTURE_BUSTED", 5),
    6,
    "taken down, then five times nothing",
  );
});

staged(
  "negative control: the storm catches it, too",
  { cpus: 2, deadlineMs: 60_000 },
  async (stage) => {
    const storm = {
      flavour: "RCU_TORTURE_BUSTED",
      updates: 50_000,
      readers: 1,
      delay: 2000,
      gap: 20,
    };
    const deadline = performance.now() + 30_000;
    let caught = false;
    while (!caught && performance.now() < deadline) {
      const { pipe, rtmbe } = await torture(stage, storm);
      caught = rtmbe > 0 || pipe.slice(2).some((n) => n > 0);
    }
    assert.ok(caught, "no reader saw age 2 within 30 s");
  },
);

test.run();
