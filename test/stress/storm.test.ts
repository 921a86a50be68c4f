// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../host/errors.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { runStorm } from "../../host/stress/storm.ts";
import { faultSiteNames } from "../../host/stress/storm-job.ts";
import { DRIVER_GATES } from "../gates/guests.ts";
import { rejects } from "../machine/with-machine.ts";
import { ENOUGH, LONG_MS, properties, said, storm, until, violation } from "./requests.ts";

const FAULTS = 0.3;
const SEM = kernelImage("default").abi.constant("CXL_MEMDEV_RWSEM");

for (const { name: gate } of DRIVER_GATES) {
  test(`${gate}: a storm holds, and says what it did`, async () => {
    const row = await runStorm(until(ENOUGH, { gate, clients: 2 }));
    assert.ok(row.held, said(row));
    assert.equal([row.driver, row.revision, row.gate], [`put_device+${gate}`, "put_device", gate]);
    for (const event of ["ioctl", "remove", "add", "open", "release"]) {
      assert.ok((row.counts[event] ?? 0) > 0, event);
    }
    assert.is(row.counts["open"], row.counts["release"]);
    assert.is(row.counts["add"], row.counts["remove"]);
    assert.is(row.counts["violation"], undefined);
    assert.is(row.asFound, undefined);
  });

  test(`${gate}: a storm under the sanitizer holds, with all steps of add failing now and then`, async () => {
    const wanted = { ...ENOUGH, add_fail: 50 };
    const row = await runStorm(until(wanted, { gate, sanitize: true, faultRate: FAULTS / 3 }));
    assert.ok(row.held, said(row));
    assert.ok(row.sanitized);
  });
}

for (const sanitize of [false, true]) {
  test(`busted is caught before its time is over, sanitized: ${sanitize}`, async () => {
    const request = storm({ gate: "busted", timeMs: LONG_MS, sanitize });
    const row = await runStorm(request);
    assert.not.ok(row.held);
    assert.ok(row.seconds < LONG_MS / 1000, "it was not the end that told");
    assert.ok((row.counts["violation"] ?? 0) > 0);
    const found = properties(row);
    const known = ["body with dead context", "use after free", "undocumented errno"];
    assert.ok(
      known.some((property) => found.includes(property)),
      said(row),
    );
  });
}

for (const gate of ["rwsem", "percpu_ref"]) {
  const sites = faultSiteNames(kernelImage("default").abi);
  for (const site of sites) {
    // Only this gate's init() makes a percpu_ref.
    if (site === "percpu_ref_init" && gate !== "percpu_ref") continue;
    test(`put_device+${gate}: an add that fails at ${site} leaves nothing behind`, async () => {
      const request = { gate, faultSites: [site], faultRate: FAULTS };
      const row = await runStorm(until({ add_fail: 20 }, request));
      assert.ok(row.held, said(row));
      const { add_fail: failed = 0, fault_injected: injected = 0 } = row.counts;
      assert.ok(failed > 0);
      assert.is(failed, injected, "each fault fails one add");
    });
  }
}

test("the steps of add that can fail are those of the kernel", () => {
  assert.equal(faultSiteNames(kernelImage("default").abi), [
    ...["kzalloc", "percpu_ref_init", "ida", "dev_set_name", "cdev_add", "device_add", "devm"],
  ]);
});

test("a fault rate of 1 is no hung task, though all devices stay away", async () => {
  const row = await runStorm(storm({ faultRate: 1, timeMs: 2_000, hungMs: 1_500 }));
  assert.ok(row.held, said(row));
  assert.ok((row.counts["add_fail"] ?? 0) > 0);
});

test("resting, dawdling and a slow device are no hung task", async () => {
  const slow = { serviceNs: 2e6, stutterMs: 300, delayNs: 3e6 };
  const row = await runStorm(storm({ ...slow, timeMs: 2_000, clients: 2, hungMs: 1_500 }));
  assert.ok(row.held, said(row));
});

test("a storm that is interrupted ends early, and holds as far as it got", async () => {
  const stop = new AbortController();
  const request = storm({ timeMs: LONG_MS, signal: stop.signal, removers: 2, clients: 2 });
  const run = runStorm({ ...request, onTick: (ms) => ms > 100 && stop.abort() });
  const row = await run;
  assert.ok(row.held, said(row));
  assert.ok(row.seconds < LONG_MS / 1000);
});

test("a task that hangs is a violation, which names it and what it waits for", async () => {
  const row = await runStorm(
    storm({
      timeMs: LONG_MS,
      hungMs: 1_000,
      inspect: async (machine) => {
        await machine.call(1, "down_read", SEM); // and never up_read()
      },
    }),
  );
  assert.not.ok(row.held);
  assert.ok(row.seconds < LONG_MS / 1000);
  const hung = violation(row, "hung task");
  const what = /^CPU \d did nothing for more than 1\.0 s: it waits to (write|read)-lock rwsem /;
  assert.match(hung?.detail ?? said(row), what);
  assert.match(hung?.detail ?? "", `0x${SEM.toString(16)} for `);
});

test("a trap in the kernel is a violation with the lines that led to it", async () => {
  const row = await runStorm(
    storm({
      timeMs: LONG_MS,
      inspect: ({ kernel, memory }) => {
        const unit = kernel.constant("PERCPU_BASE") + kernel.constant("PERCPU_STRIDE");
        const magazines = unit + kernel.constant("PERCPU_SLAB");
        for (let cls = 0; cls < 8; cls++) {
          new DataView(memory.buffer).setUint32(magazines + 16 * cls, 0xffff_ff00, true);
        }
      },
    }),
  );
  assert.not.ok(row.held);
  const trap = violation(row, "trap");
  assert.match(trap?.detail ?? said(row), /^CPU 1: /);
  const frames = trap?.trace ?? [];
  assert.ok(
    frames.some((frame) => /\(assembly\/\S+:\d+\)$/.test(frame)),
    frames.join("\n"),
  );
  assert.not.match(trap?.detail ?? "", "\n");
});

test("what is leaked before the storm is none of its leaks", async () => {
  const row = await runStorm(
    storm({
      inspect: async (machine) => {
        await machine.call(0, "kmalloc", 64, machine.kernel.constant("SLAB_NAME"));
      },
    }),
  );
  assert.equal(properties(row), ["leak"], "but one made after the first count is");
  assert.match(said(row), /^leak: 1 × name still allocated/);
});

test("a storm that makes no sense is a usage error", async () => {
  const error = await rejects(
    runStorm(storm({ removers: 3, devices: 2 })),
    /^--removers 3: with --devices 2 there is not one device for each remover$/,
  );
  assert.instance(error, UsageError);
  await rejects(runStorm(storm({ revision: "v6" })), /there is no revision "v6"/);
  await rejects(runStorm(storm({ gate: "gone" })), /there is no gate "gone"/);
  await rejects(runStorm(storm({ revision: "rwsem" })), /revision rwsem brings its own, so/);
  await rejects(
    runStorm(storm({ faultRate: 0.1, faultSites: ["open"] })),
    /there is no fault site "open"/,
  );
});

test.run();
