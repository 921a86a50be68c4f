// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a storm checks, each check seen to strike: the test plays the remover, and does to the devices of
 * a client what a driver must never let happen.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DRIVER_GATES } from "../gates/guests.ts";
import { type Stage, staged } from "../kernel/rcu/stage.ts";
import { StormRecords } from "./storm-records.ts";

const TWO_CPUS = { cpus: 2 };

/** How often a device is removed until the client has had it open just then. */
const TRIES = 200;

/** Returns once the client has done some more operations. */
function getsOn(s: Stage): Promise<void> {
  const progress = () => s.machine.tasks()[1]?.progress ?? 0;
  const before = progress();
  return s.until("the client gets on", () => progress() > before + 100);
}

/** A client alone with one device; `act` does something to it while the client is at it. */
async function scene(s: Stage, act: (storm: StormRecords, pdev: number) => Promise<void>) {
  const storm = new StormRecords(s, { ncpus: 2, removers: 1, ndevices: 1 });
  const pdev = await storm.plug(0);
  const client = storm.client();
  await s.until("the client is at it", () => s.event("EV_IOCTL") > 100);
  await act(storm, pdev);
  assert.is(await storm.end(client), 0);
}

staged("T1: an ioctl that works on a device that is gone is a violation", TWO_CPUS, async (s) => {
  await scene(s, async (storm) => {
    assert.equal(s.warnings(), []);
    for (let generation = 2; s.event("EV_VIOLATION") === 0; generation += 2) {
      assert.ok(generation < TRIES, "the client never notices");
      storm.set(0, "GENERATION", generation); // it is said to be gone; the driver knows nothing of it
      await getsOn(s);
      storm.set(0, "GENERATION", generation + 1);
      await getsOn(s);
    }
  });
  assert.ok(s.warnings().every((code) => code === "VIOLATION_IOCTL_AFTER_REMOVAL"));
});

staged("T2: an errno that is not documented is a violation", TWO_CPUS, async (s) => {
  await scene(s, async (storm) => {
    const file = await s.call(0, "filp_open", storm.get(0, "MINOR"));
    const cxlmd = s.get(file + s.constant("OFFSETOF_FILE_PRIVATE_DATA"));
    const cxlm = s.get(cxlmd + s.constant("OFFSETOF_CXL_MEMDEV_CXLM"));
    const state = cxlm + s.constant("OFFSETOF_CXL_MEM_STATE");
    const alive = s.get(state);
    s.set(state, s.constant("CXL_MEM_DEAD")); // a dead context makes the body say -EIO
    await s.until("it is noticed", () => s.warnings().includes("VIOLATION_UNDOCUMENTED_ERRNO"));
    s.set(state, alive);
    await s.call(0, "fput", file);
  });
});

staged("T3: a client gets on while all devices are away", TWO_CPUS, async (s) => {
  const storm = new StormRecords(s, { ncpus: 2, removers: 1, ndevices: 1 });
  const client = storm.client();
  const progress = () => s.machine.tasks()[1]?.progress ?? 0;
  await s.until("it is at it", () => progress() > 0);
  const before = progress();
  await s.until("it gets on", () => progress() > before + 100);
  assert.is(await storm.end(client), 0);
});

staged("T3: who rests gets on, too", TWO_CPUS, async (s) => {
  const fields = { STUTTER_NS: 1e6 };
  const storm = new StormRecords(s, { ncpus: 2, removers: 1, ndevices: 1, fields });
  const client = storm.client();
  await s.waits(1, "WAIT_STUTTER");
  const progress = () => s.machine.tasks()[1]?.progress ?? 0;
  const before = progress();
  await s.until("it gets on", () => progress() > before + 3);
  assert.is(await storm.end(client), 0);
});

staged(
  "T4: -ENXIO from a device whose removal has not begun is a violation",
  TWO_CPUS,
  async (s) => {
    await scene(s, async (storm, first) => {
      let pdev = first;
      const noticed = () => s.warnings().includes("VIOLATION_ENXIO_BEFORE_REMOVAL");
      for (let generation = 1; !noticed(); generation += 2) {
        assert.ok(generation < TRIES, "the client never notices");
        storm.set(0, "GENERATION", generation);
        await getsOn(s);
        await s.call(0, "cxl_unplug", pdev); // nobody said so
        await getsOn(s);
        pdev = await storm.plug(0);
      }
    });
    // A client may also open the next device under the number of the last: that is T1, and not asked here.
    assert.ok(s.event("EV_IOCTL_ENXIO") > 0);
  },
);

staged("T1, T4: a removal that was announced is none", TWO_CPUS, async (s) => {
  await scene(s, async (storm, pdev) => {
    for (let generation = 1; generation < 20; generation += 2) {
      storm.set(0, "LEAVING", generation);
      await s.call(0, "cxl_unplug", generation === 1 ? pdev : storm.get(0, "PDEV"));
      storm.set(0, "GENERATION", generation + 1);
      await storm.plug(0);
      const ioctls = s.event("EV_IOCTL");
      await s.until("the client is at the new one", () => s.event("EV_IOCTL") > ioctls + 100);
    }
  });
  assert.equal(s.warnings(), []);
  assert.ok(s.event("EV_IOCTL_ENXIO") > 0, "the client saw removals");
});

async function inUse(s: Stage): Promise<number[]> {
  const types = ["SLAB_CXL_MEMDEV", "SLAB_CXL_MEM", "SLAB_PDEV", "SLAB_NAME", "SLAB_FILE"];
  const counts = [await s.call(0, "ida_count", s.constant("CXL_MEMDEV_IDA"))];
  for (const type of types) counts.push(await s.call(0, "slab_live", s.constant(type)));
  return counts;
}

const NOTHING = [0, 0, 0, 0, 0, 0];

for (const { name, id } of DRIVER_GATES) {
  staged(
    `T5: ${name}: when the time is up all leave, and everything is removed`,
    { cpus: 3 },
    async (s) => {
      const driver = (s.constant("REV_PUT_DEVICE") << 8) | id;
      const request = { ncpus: 3, removers: 1, ndevices: 3, durationMs: 50, driver };
      const storm = new StormRecords(s, request);
      const runs = [0, 1, 2].map((cpu) => s.call(cpu, "storm", storm.job));
      assert.equal(await Promise.all(runs), [0, 0, 0]);
      assert.equal(await inUse(s), NOTHING);
      assert.ok(s.event("EV_REMOVE") >= 3);
      assert.equal(s.warnings(), []);
    },
  );
}

staged(
  "T5: a stop ends a storm at once, as whole as its time would have",
  { cpus: 4 },
  async (s) => {
    const fields = { STUTTER_NS: 3_600e9, DELAY_NS: 1e9, SERVICE_NS: 1e6 };
    const storm = new StormRecords(s, { ncpus: 4, removers: 2, ndevices: 4, fields });
    const runs = [0, 1, 2, 3].map((cpu) => s.call(cpu, "storm", storm.job));
    await s.until("it is at it", () => s.event("EV_IOCTL") > 2 && s.event("EV_REMOVE") > 0);
    s.machine.stop();
    assert.equal(await Promise.all(runs), [0, 0, 0, 0]);
    assert.equal(await inUse(s), NOTHING);
    assert.equal(s.warnings(), []);
  },
);

staged("T5: every remover has devices of its own", { cpus: 4 }, async (s) => {
  const storm = new StormRecords(s, { ncpus: 4, removers: 3, ndevices: 4, durationMs: 30 });
  const runs = [0, 1, 2, 3].map((cpu) => s.call(cpu, "storm", storm.job));
  assert.equal(await Promise.all(runs), [0, 0, 0, 0]);
  for (let n = 0; n < 4; n++) {
    const [generation, pdev] = [storm.get(n, "GENERATION"), storm.get(n, "PDEV")];
    assert.is(generation % 2, 0, `slot ${n} is empty`);
    assert.is(pdev, 0);
    assert.is(storm.get(n, "LEAVING"), generation - 1);
  }
  assert.equal(await inUse(s), NOTHING);
});

staged("a job that makes no sense, and an unknown driver, are -EINVAL", { cpus: 1 }, async (s) => {
  const sound = { ncpus: 1, removers: 1, ndevices: 1, durationMs: 1 };
  const rc = (request: object) =>
    s.call(0, "storm", new StormRecords(s, { ...sound, ...request }).job);
  assert.is(await rc({}), 0);
  const einval = -s.constant("EINVAL");
  assert.is(await rc({ removers: 0 }), einval);
  assert.is(await rc({ removers: 2 }), einval, "more than CPUs");
  assert.is(await rc({ ndevices: 0 }), einval, "fewer devices than removers");
  assert.is(await rc({ fields: { IOCTLS_PER_OPEN: 0 } }), einval);
  assert.is(await rc({ driver: 9 << 8 }), einval);
});

staged("CPUs that do not meet give up: -ETIMEDOUT", { cpus: 1 }, async (s) => {
  const fields = { DEADLINE_NS: 5e6 };
  const storm = new StormRecords(s, { ncpus: 2, removers: 1, ndevices: 1, fields });
  assert.is(await s.call(0, "storm", storm.job), -s.constant("ETIMEDOUT"));
});

staged(
  "with faults, openers race into devices that are live but not added yet",
  TWO_CPUS,
  async (s) => {
    const fields = {
      FAULT_MASK: 1 << s.constant("FAULT_DEVICE_ADD"),
      FAULT_RATE: s.constant("FAULT_RATE_ALWAYS") / 2,
      LIVE_WINDOW_NS: 20_000,
    };
    const request = { ncpus: 2, removers: 1, ndevices: 2, durationMs: 200, fields };
    const storm = new StormRecords(s, request);
    const runs = [0, 1].map((cpu) => s.call(cpu, "storm", storm.job));
    assert.equal(await Promise.all(runs), [0, 0]);
    assert.ok(s.event("EV_ADD_FAIL") > 0);
    assert.is(s.event("EV_ADD_FAIL"), s.event("EV_FAULT_INJECTED"));
    assert.is(s.get(s.constant("CDEV_LIVE_WINDOW")), 0, "nobody dawdles when it is over");
    assert.equal(await inUse(s), NOTHING);
    assert.equal(s.warnings(), []);
  },
);

test.run();
