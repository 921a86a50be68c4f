// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LocalKernel } from "../drivers/cxl/kernel.ts";

const IDA = 1 << 2;

function draws(kernel: LocalKernel, site: string, n: number): number[] {
  const id = kernel.constant(site);
  return Array.from({ length: n }, () => kernel.call("should_fail", id));
}

test("the sites have the numbers that masks are made of", () => {
  const kernel = new LocalKernel(512 * 1024);
  const sites = [
    "KZALLOC",
    "PERCPU_REF_INIT",
    "IDA",
    "DEV_SET_NAME",
    "CDEV_ADD",
    "DEVICE_ADD",
    "DEVM",
  ];
  assert.equal(
    sites.map((name) => kernel.constant(`FAULT_${name}`)),
    [0, 1, 2, 3, 4, 5, 6],
  );
});

test("F1: a site that is not in the mask never fails, and draws no number", () => {
  const kernel = new LocalKernel(512 * 1024);
  kernel.call("fault_setup", IDA, 32768, 7);
  const expected = draws(kernel, "FAULT_IDA", 64);
  kernel.call("fault_setup", IDA, 32768, 7);
  const seen = expected.map(() => {
    assert.equal(draws(kernel, "FAULT_DEVM", 3), [0, 0, 0]);
    return draws(kernel, "FAULT_IDA", 1)[0];
  });
  assert.equal(seen, expected);
});

test("F2: rate 0 never, FAULT_RATE_ALWAYS always, and failures are counted", () => {
  const kernel = new LocalKernel(512 * 1024);
  kernel.call("fault_setup", IDA, 0, 7);
  assert.not(draws(kernel, "FAULT_IDA", 1000).includes(1));
  kernel.call("fault_setup", IDA, kernel.constant("FAULT_RATE_ALWAYS"), 7);
  assert.not(draws(kernel, "FAULT_IDA", 1000).includes(0));
  assert.is(kernel.events()["EV_FAULT_INJECTED"], 1000n);
});

test("F2: a rate is met to within 5 sigma", () => {
  const kernel = new LocalKernel(512 * 1024);
  const n = 20_000;
  for (const rate of [655, 6554, 32768]) {
    kernel.call("fault_setup", IDA, rate, 3);
    const failed = draws(kernel, "FAULT_IDA", n).reduce((sum, x) => sum + x, 0);
    const p = rate / 65536;
    assert.ok(
      Math.abs(failed - n * p) < 5 * Math.sqrt(n * p * (1 - p)),
      `${failed} of ${n} at ${p}`,
    );
  }
});

test("F3: the same seed gives the same failures, another seed others, whatever else is drawn", () => {
  const run = (seed: number, noise: boolean) => {
    const kernel = new LocalKernel(512 * 1024);
    kernel.call("fault_setup", IDA, 32768, seed);
    return Array.from({ length: 200 }, () => {
      if (noise) kernel.call("prandom_u32");
      return draws(kernel, "FAULT_IDA", 1)[0];
    });
  };
  assert.equal(run(5, true), run(5, false));
  assert.not.equal(run(5, false), run(6, false));
});

test("prandom: torture_random's generator, and numbers below a bound", () => {
  const kernel = new LocalKernel(512 * 1024);
  kernel.call("prandom_seed", 12345);
  let state = 12345n;
  for (let i = 0; i < 100; i++) {
    state = (state * 39_916_801n + 479_001_701n) & 0xffff_ffffn;
    const swapped = ((state << 16n) | (state >> 16n)) & 0xffff_ffffn;
    assert.is(BigInt(kernel.call("prandom_u32") >>> 0), swapped);
  }
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 7000; i++) {
    const n = kernel.call("prandom_below", 7);
    counts[n] = (counts[n] ?? 0) + 1;
  }
  assert.is(counts.length, 7);
  assert.ok(
    counts.every((n) => n > 800 && n < 1200),
    `${counts}`,
  );
  assert.is(kernel.call("prandom_below", 0), 0);
  assert.is(kernel.call("prandom_below", 1), 0);
});

test.run();
