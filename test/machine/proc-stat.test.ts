// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseProcStat, readProcStat, stealPct } from "../../host/machine/proc-stat.ts";

const BEFORE = `cpu  100 10 50 800 20 0 5 15 60 3
cpu0 60 5 25 400 10 0 3 10 60 3
cpu3 40 5 25 400 10 0 2 5 0 0
intr 12345 0 9
ctxt 99
`;

const AFTER = `cpu  180 10 60 860 20 0 5 65 60 3
cpu0 100 5 30 420 10 0 3 50 60 3
cpu3 80 5 30 440 10 0 2 15 0 0
`;

test("ticks are summed over what does not overlap: guest time is in user already", () => {
  const stat = parseProcStat(BEFORE);
  assert.equal(stat?.all, { total: 1000, idle: 820, steal: 15 });
  assert.equal([...(stat?.cpus.keys() ?? [])], [0, 3]);
  assert.equal(stat?.cpus.get(3), { total: 487, idle: 410, steal: 5 });
});

test("steal is its share of the time between two readings, of all CPUs and of one", () => {
  const [before, after] = [parseProcStat(BEFORE), parseProcStat(AFTER)];
  assert.is(stealPct(before?.all, after?.all), 25);
  assert.is(stealPct(before?.cpus.get(0), after?.cpus.get(0)), (40 / 105) * 100);
});

test("what is not counted is not known, rather than none", () => {
  const old = parseProcStat("cpu 100 10 50 800 20 0 5\n");
  assert.is(old?.all.steal, null);
  assert.is(stealPct(old?.all, old?.all), null);
  const stat = parseProcStat(BEFORE);
  assert.is(stealPct(stat?.all, stat?.all), null, "no tick went by");
  assert.is(stealPct(stat?.cpus.get(1), stat?.cpus.get(1)), null, "no such CPU");
  assert.is(stealPct(parseProcStat(AFTER)?.all, stat?.all), null, "counters went back");
});

test("no /proc/stat, or another file, is null", () => {
  assert.is(readProcStat("/nonexistent/stat"), null);
  assert.is(parseProcStat("MemTotal: 1 kB\n"), null);
});

test.run();
