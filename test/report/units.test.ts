// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  formatBytes,
  formatChangePct,
  formatNs,
  formatNumber,
  formatPairTime,
  formatRange,
} from "../../host/report/units.ts";
import { formatCount, formatPlural } from "../../host/result/counts.ts";

const table = <T>(format: (x: T) => string, rows: readonly (readonly [T, string])[]) => {
  for (const [value, text] of rows) assert.is(format(value), text);
};

test("numbers have three significant digits and no exponent", () => {
  table(formatNumber, [
    [0, "0"],
    [0.0068812, "0.00688"],
    [0.81, "0.810"],
    [0.9996, "1.00"],
    [1.2, "1.20"],
    [9.996, "10.0"],
    [88.24, "88.2"],
    [99.96, "100"],
    [177.4, "177"],
    [999.6, "1000"],
    [123_456, "123000"],
    [-2.345, "-2.35"],
    [1e-9, "0"],
    [Number.NaN, "?"],
    [Number.POSITIVE_INFINITY, "?"],
  ]);
});

test("times of a pair line up below 1 ns", () => {
  table(formatPairTime, [
    [0.6191, "0.619"],
    [0.029, "0.029"],
    [-0.0001, "0.000"],
    [-0.0312, "-0.031"],
    [1.5, "1.50"],
    [177.4, "177"],
  ]);
});

test("durations change their unit before they have four digits", () => {
  table(formatNs, [
    [0.9, "0.900 ns"],
    [999.4, "999 ns"],
    [999.6, "1.00 us"],
    [33_100, "33.1 us"],
    [999_600, "1.00 ms"],
    [7.1e6, "7.10 ms"],
    [2e9, "2.00 s"],
  ]);
});

test("sizes, changes, counts, plurals and ranges", () => {
  table(formatBytes, [
    [24, "24 B"],
    [2048, "2 KiB"],
    [1536, "1.50 KiB"],
    [2 ** 26, "64 MiB"],
  ]);
  table(formatChangePct, [
    [0.04, "0 %"],
    [-0.04, "0 %"],
    [3.14, "+3.1 %"],
    [-12.4, "-12 %"],
  ]);
  table(formatCount, [
    [999, "999"],
    [1_234_567, "1,234,567"],
  ]);
  assert.is(formatPlural(1, "thread"), "1 thread");
  assert.is(formatPlural(2, "thread"), "2 threads");
  assert.is(formatRange([9, 9]), "9");
  assert.is(formatRange([9, 7, 8]), "7 to 9");
});

test.run();
