// SPDX-License-Identifier: GPL-2.0-only
/** The real kernel in the engines that are on the PATH; where there are none, nothing is tried. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findProgram } from "../../host/cli/engines.ts";
import { parseResult } from "../../host/report/saved.ts";
import { hotunplug, MAIN } from "./spawn.ts";

const ARGS = ["bench", "--gates", "percpu-ref,rwsem", "--threads", "1,2", "--devices", "same"];
const SHORT = ["--rounds", "2", "--window", "2ms", "--json", "-"];

function isThere(name: string): boolean {
  try {
    return findProgram(name, process.env["PATH"] ?? "") !== "";
  } catch {
    return false;
  }
}

for (const [name, tier] of [["bun", "unknown"] as const, ["deno", "baseline"] as const]) {
  const ifThere = isThere(name) ? test : test.skip;
  ifThere(`${name} times the gates with the same module, and says who it is`, () => {
    const { status, stdout, stderr } = hotunplug([...ARGS, ...SHORT, "--engine", name], {
      main: MAIN,
    });
    assert.is(status, 0, stderr);
    const result = parseResult(stdout, name);
    assert.match(String(result.environment["engine"]), new RegExp(`^${name} \\d`));
    assert.is(result.tier.inForce, tier);
    assert.is(result.environment["waitBug"], false);
    assert.ok(result.pairs.some((row) => row.contender === "percpu_ref" && row.threads === 1));
  });
}

test.run();
