// SPDX-License-Identifier: GPL-2.0-only
/** `compare` as a user runs it, as short as can be. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import { hotunplug, MAIN } from "../cli/spawn.ts";

const SHORT = ["--rounds", "1", "--window", "10ms", "--threads", "1", "--storm", "200ms"];

test("compare measures, storms and looks at the history; what it finds there is no failure", () => {
  const args = ["compare", "--json", "-", "--gates", "rwsem,busted,qsbr", ...SHORT];
  const { stdout, stderr, status } = hotunplug(args, { main: MAIN });
  assert.is(status, 0, stderr);
  const result = parseResult(stdout, stderr);
  assert.is(result.command, "compare");
  const storms = result.storms.map(({ driver, sanitized, asFound, held }) => {
    const how = `${sanitized ? " sanitized" : ""}${asFound ? " as found" : ""}`;
    return `${driver}${how}: ${asFound ? "any" : held}`;
  });
  assert.equal(storms, [
    "put_device+rwsem: true",
    "put_device+busted: false",
    "put_device+rwsem sanitized: true",
    "put_device+busted sanitized: false",
    "percpu_ref sanitized as found: any",
    "rwsem sanitized as found: any",
    "put_device+rwsem sanitized as found: any",
  ]);
  assert.equal(
    result.checks?.map(({ subject, verdict }) => `${subject}: ${verdict}`),
    ["put_device+rwsem: holds", "put_device+busted: violated", "qsbr: holds"],
  );
  assert.is(result.removals.length, 3);
  const ioctls = result.pairs.filter(({ workload }) => workload === "ioctl");
  assert.equal(ioctls.map(({ contender }) => contender).sort(), ["busted", "rwsem"]);
  assert.ok(result.comparisons.some(({ a, b }) => a === "busted" && b === "rwsem"));
  assert.equal(result.interrupted, undefined);
  for (const text of [
    "plain",
    "sanitized",
    "every schedule",
    "The driver as it stood",
    "percpu_ref",
    "leak",
    "unfit",
  ]) {
    assert.match(stderr, text);
  }
  assert.not.match(stderr, "failed:");
});

test.run();
