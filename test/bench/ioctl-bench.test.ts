// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { secondOf } from "../../host/bench/contenders.ts";
import { IoctlBench } from "../../host/bench/ioctl-bench.ts";
import { randomFrom } from "../../host/stats/random.ts";
import { FakeMachines, ignore, NEVER, RWSEM, reports } from "./fake-machines.ts";

test("a slowdown is put into the devices of one contender, and of it alone", async () => {
  const machines = new FakeMachines((request) => reports(request, 10));
  const second = secondOf([RWSEM]);
  const bench = new IoctlBench(machines, {
    ...{ contenders: [RWSEM, second], threads: [1], devices: ["same"], windowNs: 1e6 },
    ...{ serviceNs: 20_000, extraNs: { [second.name]: 1_000 } },
  });
  const random = randomFrom(1);
  for (let round = 0; round < 2; round++) await bench.round(random, ignore, NEVER);
  const plugged = machines.calls.filter((call) => call.startsWith("cxl_plug "));
  const timed = machines.calls.filter((call) => call.startsWith("cxl_hw_set_service_ns "));
  assert.equal([...new Set(timed.map((call) => call.split(" ")[2]))].sort(), ["20000", "21000"]);
  const drivers = new Set(plugged.map((call) => call.split(" ")[1]));
  assert.is(drivers.size, 1, "both are the same driver");
  assert.equal(
    bench.rows(1).map(({ contender, samples }) => [contender, samples.length]),
    [
      ["rwsem", 2],
      ["rwsem (again)", 2],
    ],
  );
});

test("each round has another device, the same for all CPUs or one each", async () => {
  const machines = new FakeMachines((request) => reports(request, 10));
  const bench = new IoctlBench(machines, {
    ...{ contenders: [RWSEM], threads: [2], devices: ["same", "own"], windowNs: 1e6 },
    serviceNs: 0,
  });
  const random = randomFrom(1);
  const rounds = 16;
  for (let round = 0; round < rounds; round++) await bench.round(random, ignore, NEVER);
  const minorOf = new Map<number, string>(); // what filp_open() returned, to the device it was asked for
  machines.answered.forEach((file, i) => {
    const [fn, minor = ""] = (machines.calls[i] ?? "").split(" ");
    if (fn === "filp_open") minorOf.set(file, minor);
  });
  const at = machines.jobs.map((job) => [0, 1].map((cpu) => minorOf.get(job.cpu(cpu).device)));
  const shared = at.filter(([a, b]) => a === b);
  assert.is(shared.length, rounds, "one of the two cells");
  assert.is(new Set(shared.map(([a]) => a)).size, rounds, "and each time another device");
  assert.is(new Set(at.filter(([a, b]) => a !== b).map(([a]) => a)).size, rounds);
});

test.run();
