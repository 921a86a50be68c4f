// SPDX-License-Identifier: GPL-2.0-only
/** `selftest` as a user runs it, as short as it gets: what it finds depends on the computer, its shape not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import { pairedRatio } from "../../host/stats/ratio.ts";
import { hotunplug, MAIN } from "../cli/spawn.ts";

const SHORT = ["--runs", "2", "--rounds", "6", "--window", "1ms", "--threads", "1", "--seed", "7"];

function selftest(...args: string[]) {
  const all = ["selftest", ...SHORT, ...args, "--json", "-"];
  const { stdout, stderr, status } = hotunplug(all, { main: MAIN });
  assert.ok(status === 0 || status === 1, stderr);
  return parseResult(stdout, stderr).selftest;
}

test("each gate is compared with itself in each setting of each run, by the times that are kept", () => {
  const found = selftest("--gates", "percpu-ref,rwsem");
  assert.is(found?.runs, 2);
  assert.equal(
    found?.rows.map(({ run, a, b, metric }) => `${run} ${a}/${b} ${metric.what}`),
    [1, 2].flatMap((run) =>
      ["percpu_ref", "rwsem"].flatMap((gate) =>
        ["pair", "removal"].map((what) => `${run} ${gate} (again)/${gate} ${what}`),
      ),
    ),
  );
  for (const { run, times, ratio } of found?.rows ?? []) {
    assert.is(times.a.length, 6);
    assert.equal(pairedRatio(times.a, times.b, 7 + run)?.ratio, ratio);
  }
  assert.is((found?.alarms.of ?? 0) + (found?.undecided ?? 0), 8);
  assert.is(found?.settings.length, 4);
  assert.equal([found?.injection?.gate, found?.injection?.found.of], ["percpu_ref", 2]);
});

test("of whole ioctls there is no removal", () => {
  const found = selftest("--gates", "rwsem", "--workload", "ioctl");
  assert.equal(
    found?.rows.map(({ metric }) => metric.what),
    ["ioctl", "ioctl"],
  );
});

test.run();
