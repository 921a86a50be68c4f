// SPDX-License-Identifier: GPL-2.0-only
/** An interrupt in the middle of real work: the result so far, and status 130. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import { MAIN, start } from "./spawn.ts";

/** Each would take minutes. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  bench: ["--window", "60s", "--threads", "1,2"],
  stress: ["--time", "300s", "--clients", "2", "--stutter", "10s"],
  compare: ["--window", "60s", "--threads", "2"],
  selftest: ["--window", "60s", "--threads", "1"],
  check: ["removal", "--gate", "percpu-ref", "--threads", "4"],
};

for (const [command, args] of Object.entries(RUNS)) {
  test(`${command} ends with what it has`, async () => {
    const run = start([command, "--json", "-", ...args], MAIN);
    await run.said(`hotunplug ${command} `); // its parameters, before it boots
    run.child.kill("SIGINT");
    const { status, stdout, stderr } = await run.ended;
    assert.is(status, 130, stderr);
    const result = parseResult(stdout, stderr);
    assert.is(result.interrupted, true);
    for (const storm of result.storms) assert.ok(storm.held, JSON.stringify(storm.violations));
  });
}

test.run();
