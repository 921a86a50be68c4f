// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import type { Result } from "../../host/result/result.ts";
import { SEEDS } from "./fake-main.ts";
import { hotunplug, start } from "./spawn.ts";

let root = "";
let folder = "";
test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), "hotunplug-baseline-"));
  folder = join(root, "baselines");
});
test.after.each(() => rmSync(root, { recursive: true, force: true }));

const run = (...args: string[]) => hotunplug([...args, "--baselines", folder]);
const pathOf = (name: string) => join(folder, `${name}.json`);
const stored = (name: string) => parseResult(readFileSync(pathOf(name), "utf8"), name);

/** Stores a baseline that differs from what the fake runners measure. */
function store(change: (result: Result) => Result): void {
  assert.is(run("bench", "--save", "x").status, 0);
  writeFileSync(pathOf("x"), JSON.stringify(change(stored("x"))));
}

function faster(gate: string, factor: number): (result: Result) => Result {
  const ofPairs = (pairs: Result["pairs"]) =>
    pairs.map((row) =>
      row.contender === gate
        ? { ...row, samples: row.samples.map((ns) => (ns === null ? null : ns / factor)) }
        : row,
    );
  return (result) => {
    const { repeat } = result;
    assert.ok(repeat?.first);
    const first = { ...repeat.first, pairs: ofPairs(repeat.first.pairs) };
    return { ...result, pairs: ofPairs(result.pairs), repeat: { ...repeat, first } };
  };
}

for (const command of ["bench", "compare"]) {
  test(`${command} --save runs twice, and stores what agrees`, () => {
    const { status, stdout, stderr } = run(command, "--save", "x");
    assert.is(status, 0, stderr);
    assert.match(stdout, "Baseline x: measured twice, in two processes");
    assert.match(stdout, "All 58 rows agree");
    assert.match(stderr, `baseline x stored in ${pathOf("x")}\n`);
    assert.is(stored("x").command, command);
    assert.equal(readdirSync(folder), ["x.json"]);
  });
}

test("two runs that disagree store nothing, name the rows, and end with status 1", () => {
  const { status, stdout, stderr } = run("bench", "--save", "x", "--seed", `${SEEDS.drifts}`);
  assert.is(status, 1);
  const line = stdout.replaceAll("\n  ", " ");
  assert.match(
    line,
    "failed: baseline x is not stored: two runs disagree (6 of 58 rows): rwsem, pair",
  );
  assert.match(stderr, "baseline x is not stored\n");
  assert.not(existsSync(folder));
});

test("a second run that fails ends the command with its line, and stores nothing", () => {
  const { status, stderr } = run("bench", "--save", "x", "--seed", `${SEEDS.failsAgain}`);
  assert.is(status, 3);
  assert.match(stderr, "hotunplug: bench: the second run: CPU 0 stalled in up_read\n");
  assert.not(existsSync(folder));
});

test("a run that finds a violation is no baseline", () => {
  assert.is(run("compare", "--save", "x", "--seed", `${SEEDS.violated}`).status, 1);
  assert.not(existsSync(folder));
});

test("--against sets the run beside the baseline, in the text and in the JSON", () => {
  store(faster("refcount", 1.5));
  const json = join(root, "run.json");
  const { status, stdout } = run("bench", "--against", "x", "--json", json);
  assert.is(status, 0);
  assert.match(stdout, "Beside baseline x of 2026-01-02 03:04 UTC: This run is slower in 6,");
  const { against } = parseResult(readFileSync(json, "utf8"), json);
  assert.is(against?.comparisons.filter((row) => row.word === "slower").length, 6);
});

test("--fail-over fails what is slower by more with its whole interval, and names it", () => {
  store(faster("refcount", 1.5));
  const failed = run("bench", "--against", "x", "--fail-over", "5%");
  assert.is(failed.status, 1);
  const lines = failed.stdout.split("\n").filter((line) => line.startsWith("failed: "));
  assert.is(lines.length, 6);
  assert.ok(lines.every((line) => line.startsWith("failed: refcount, ")));
  assert.is(run("bench", "--against", "x", "--fail-over", "60%").status, 0);
  // A median of 1.04 whose interval begins below: not certain, so no failure.
  store(faster("refcount", 1.04));
  assert.is(run("bench", "--against", "x", "--fail-over", "3.9").status, 0);
});

const againstX = (seed: number) => {
  const json = join(root, "run.json");
  const limit = ["--fail-over", "5%", "--seed", `${seed}`, "--json", json];
  const { status, stdout } = run("bench", "--against", "x", ...limit);
  return { status, stdout, against: parseResult(readFileSync(json, "utf8"), json).against };
};

test("what is over the limit is run again, and is no failure where another process is not over it", () => {
  store((result) => result);
  const once = againstX(SEEDS.slowOnce);
  assert.is(once.status, 0, once.stdout);
  assert.equal([once.against?.captures, once.against?.runs], [2, 2]);
  assert.match(once.stdout.replaceAll("\n", " "), "2 captures of the baseline and 2 runs of this");
  store(faster("rwsem", 1.5));
  const always = againstX(SEEDS.held);
  assert.equal([always.status, always.against?.runs], [1, 3]);
});

test("what is below the limit is not run again", () => {
  store((result) => result);
  const { status, against } = againstX(SEEDS.held);
  assert.equal([status, against?.captures, against?.runs], [0, 2, 1]);
});

test("slower controls are told: they are no gate, so it may be the computer", () => {
  store(faster("atomic pair", 1.5));
  const { status, stdout } = againstX(SEEDS.held);
  assert.is(status, 1);
  assert.match(stdout.replaceAll("\n  ", " "), "slower is also what is no gate (atomic pair, pair");
});

test("another machine, engine, tier or kernel is refused before the run, each difference named", () => {
  store((result) => ({
    ...result,
    environment: {
      ...result.environment,
      cpu: "Another",
      cores: 64,
      node: "22",
      kernelSha256: "f0",
    },
    tier: { ...result.tier, inForce: "optimized" },
  }));
  const { status, stdout, stderr } = run("bench", "--against", "x");
  assert.is(status, 2);
  assert.is(stdout, "", "nothing was run");
  for (const named of [
    /cpu: "Another" and/,
    /cores: 64 and 2/,
    /node: "22" and/,
    /kernelSha256: "f0" and/,
    /tier in force: "optimized" and "baseline"/,
  ]) {
    assert.match(stderr, named);
  }
  assert.is(stderr.trimEnd().split("\n").length, 1);
  const forced = run("bench", "--against", "x", "--force");
  assert.is(forced.status, 0);
  assert.match(forced.stdout, "note: unlike environments: cores: 64 and 2");
});

test("Ctrl-C in the first run keeps what was measured, and stores nothing", async () => {
  const running = start([
    "bench",
    "--save",
    "x",
    "--baselines",
    folder,
    "--seed",
    `${SEEDS.untilAborted}`,
  ]);
  await running.said("hotunplug bench");
  running.child.kill("SIGINT");
  const { status, stderr } = await running.ended;
  assert.is(status, 130);
  assert.match(stderr, "baseline x is not stored\n");
  assert.not(existsSync(folder));
});

test("Ctrl-C in a run that is made again keeps the first, and calls nothing a failure", async () => {
  store(faster("rwsem", 1.5));
  const json = join(root, "run.json");
  const seed = ["--seed", `${SEEDS.waitsAgain}`, "--json", json];
  const limit = ["--against", "x", "--fail-over", "5%", "--baselines", folder];
  const running = start(["bench", ...limit, ...seed]);
  await running.said("rows are over 5 %: run 2 of at most 3 begins");
  running.child.kill("SIGINT");
  const { status, stdout } = await running.ended;
  assert.is(status, 130);
  assert.not.match(stdout, "failed:");
  const { interrupted, against } = parseResult(readFileSync(json, "utf8"), json);
  assert.equal([interrupted, against?.runs, against?.failOverPct], [true, 1, null]);
});

test("list names the baselines with date and place", () => {
  store((result) => result);
  const { stdout } = run("list");
  assert.match(stdout, /baselines \(--against\)\n {2}x +2026-01-02 03:04 UTC, Made-up CPU/);
  const { baselines } = JSON.parse(
    hotunplug(["list", "--baselines", folder, "--json", "-"]).stdout,
  );
  assert.is(baselines[0].name, "x");
});

test.run();
