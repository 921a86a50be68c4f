// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { othersPct } from "../../host/machine/proc-stat.ts";
import { involuntarySwitches, switchesBetween } from "../../host/machine/switches.ts";

const status = (count: number) =>
  `Name:\tnode\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t${count}\n`;

const filesOf = (tasks: Readonly<Record<string, string>>) => ({
  names: () => Object.keys(tasks),
  text: (path: string) => tasks[path.split("/").at(-2) ?? ""] ?? null,
});

test("each thread's involuntary switches are read, and no other count", () => {
  const read = involuntarySwitches(filesOf({ "11": status(3), "12": status(40) }));
  assert.equal(
    [...(read ?? [])],
    [
      ["11", 3],
      ["12", 40],
    ],
  );
  assert.is(involuntarySwitches(filesOf({})), null);
  assert.is(involuntarySwitches(filesOf({ "11": "Name:\tnode\n" })), null);
});

test("between two readings new threads count from nothing, and those that are gone not at all", () => {
  const before = new Map([
    ["11", 3],
    ["12", 40],
  ]);
  const after = new Map([
    ["11", 5],
    ["13", 10],
  ]);
  assert.is(switchesBetween(before, after), 12);
  assert.is(switchesBetween(null, after), null);
  assert.is(switchesBetween(before, null), null);
});

test("what others took is busy time less steal and our own", () => {
  const times = (total: number, idle: number, steal: number | null) => ({ total, idle, steal });
  // 10 s of two CPUs: 2000 ticks, 800 idle, 100 stolen; 6 s of them ours.
  assert.is(othersPct(times(0, 0, 0), times(2000, 800, 100), 6), 25);
  assert.is(othersPct(times(0, 0, null), times(2000, 800, null), 6), 30);
  assert.is(othersPct(times(0, 0, 0), times(2000, 1995, 0), 1), 0, "ticks are coarse");
  assert.is(othersPct(times(5, 0, 0), times(5, 0, 0), 1), null);
  assert.is(othersPct(undefined, times(5, 0, 0), 1), null);
});

test.run();
