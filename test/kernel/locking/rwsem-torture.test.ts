// SPDX-License-Identifier: GPL-2.0-only
/** rwsem under load: it excludes, and what one holder wrote the next one sees. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { survives } from "../../support/torture.ts";

const LOAD = { type: "TORTURE_RWSEM_LOCK", rounds: 4, sections: 400 };

for (const cpus of [2, 4]) {
  test(`R1, O1, O2: ${cpus} CPUs that spin and sleep exclude one another`, async () => {
    await survives({ ...LOAD, cpus, seed: cpus, spinLimit: 50 }, "RWSEM_SLEEP_WRITER");
  });

  test(`R1, O3: ${cpus} CPUs that never spin exclude one another`, async () => {
    const load = { ...LOAD, cpus, seed: 10 + cpus, spinLimit: 0 };
    const { events } = await survives(load, "RWSEM_SLEEP_READER");
    assert.is(events["RWSEM_OPT_LOCK"], undefined);
  });
}

test("R1: CPUs that do little else than lock and unlock exclude one another", async () => {
  const load = { ...LOAD, sections: 3000, naps: false };
  await survives({ ...load, cpus: 2, seed: 20, spinLimit: 1000 });
});

test("R12: with a handoff at every failed attempt it still excludes", async () => {
  const load = { ...LOAD, cpus: 4, seed: 3, spinLimit: 50, rwsemWaitMs: 0 };
  await survives(load, "RWSEM_WLOCK_HANDOFF");
});

test.run();
