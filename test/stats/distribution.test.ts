// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DISTRIBUTIONS, serviceTable } from "../../host/stats/distribution.ts";

const MEAN = 1_000_000;
const near = (x: number, wanted: number, share: number) =>
  assert.ok(Math.abs(x / wanted - 1) < share, `${x}, wanted ${wanted}`);
const at = (table: readonly number[], p: number) => table[Math.floor(p * table.length)] as number;

for (const kind of DISTRIBUTIONS) {
  test(`${kind}: the mean is the one asked for, and the times ascend from above 0`, () => {
    const table = serviceTable({ kind, meanNs: MEAN });
    near(table.reduce((sum, x) => sum + x, 0) / table.length, MEAN, 1e-4);
    assert.ok((table[0] as number) > 0);
    assert.ok(table.every((x, i) => i === 0 || x >= (table[i - 1] as number)));
    assert.ok(table.every(Number.isInteger));
  });

  test(`${kind}: of no time is no time`, () => {
    assert.equal(serviceTable({ kind, meanNs: 0 }), [0]);
  });
}

test("a fixed time is one time", () => {
  assert.equal(serviceTable({ kind: "fixed", meanNs: MEAN }), [MEAN]);
});

test("uniform: from 0 to twice the mean", () => {
  const table = serviceTable({ kind: "uniform", meanNs: MEAN });
  near(at(table, 0.25), 0.5 * MEAN, 0.01);
  near(table.at(-1) as number, 2 * MEAN, 0.01);
});

test("exp: the median is ln 2 of the mean, the 99th percentile ln 100 of it", () => {
  const table = serviceTable({ kind: "exp", meanNs: MEAN });
  near(at(table, 0.5), Math.LN2 * MEAN, 0.01);
  near(at(table, 0.99), Math.log(100) * MEAN, 0.05);
});

test("lognormal: the mean over the median is e^(1/2), and one sigma is a factor of e", () => {
  const table = serviceTable({ kind: "lognormal", meanNs: MEAN });
  near(MEAN / at(table, 0.5), Math.exp(0.5), 0.02);
  near(at(table, 0.8413) / at(table, 0.5), Math.E, 0.02);
  near(at(table, 0.5) / at(table, 0.1587), Math.E, 0.02);
});

test("bimodal: a tenth of the times is ten times as long as the others", () => {
  const table = serviceTable({ kind: "bimodal", meanNs: MEAN });
  const [short, long] = [...new Set(table)] as [number, number];
  assert.is(new Set(table).size, 2);
  near(long / short, 10, 0.001);
  near(table.filter((x) => x === long).length / table.length, 0.1, 0.02);
});

test.run();
