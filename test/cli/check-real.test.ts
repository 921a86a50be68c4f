// SPDX-License-Identifier: GPL-2.0-only
/** `check` as a user runs it, on what ends soon. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import type { CheckRow } from "../../host/result/check.ts";
import { hotunplug, MAIN } from "./spawn.ts";

const folder = mkdtempSync(join(tmpdir(), "hotunplug-check-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const check = (...args: string[]) => hotunplug(["check", "removal", ...args], { main: MAIN });

test("a sound gate holds: every schedule was explored, and the row says how many states", () => {
  const { status, stdout, stderr } = check("--gate", "refcount", "--json", "-");
  assert.is(status, 0, stderr);
  const { command, checks = [], environment } = parseResult(stdout, stderr);
  assert.is(command, "check");
  assert.match(String(environment["kernelSha256"]), /^[0-9a-f]{64}$/);
  const [row] = checks;
  assert.equal([row?.verdict, row?.subject, row?.unexplored], ["holds", "put_device+refcount", []]);
  assert.ok((row?.states ?? 0) > 1000);
  assert.is(row?.error, undefined);
});

test("the control is violated, which is as it must be; --trace keeps its schedule", () => {
  const path = join(folder, "busted.txt");
  const { status, stdout, stderr } = check("--gate", "busted", "--trace", path);
  assert.is(status, 0, stderr);
  assert.match(stdout, /violated: /);
  assert.match(stderr, `schedule saved in ${path}`);
  const text = readFileSync(path, "utf8");
  assert.match(text, /^removal.*, put_device\+busted: violated: /);
  assert.match(text, "--replay");
  assert.equal(readdirSync(folder), ["busted.txt"]);
});

test("where nothing is violated there is no file", () => {
  const path = join(folder, "none.txt");
  const { status, stderr } = check("--gate", "refcount", "--max-states", "500", "--trace", path);
  assert.is(status, 0, stderr);
  assert.match(stderr, `no schedule to write to ${path}`);
  assert.not(existsSync(path));
  assert.is(readdirSync(folder).filter((name) => name.includes("none")).length, 0);
});

test("a limit is a bound: what was left out is said", () => {
  const { status, stdout } = check("--gate", "refcount", "--max-states", "2000");
  assert.is(status, 0);
  assert.match(stdout, "bounded");
  assert.match(stdout, "(--max-states)");
});

/** What a schedule does; which steps others could have come before, a search knows better. */
function told(row: CheckRow | undefined) {
  const { steps = [], ...rest } = row?.counterexample ?? {};
  return { ...rest, steps: steps.map(({ visible, ...step }) => step) };
}

test("a schedule ends at the same step for ever; one of another kernel says so", () => {
  const found = check("--gate", "busted", "--json", "-");
  const row = parseResult(found.stdout, found.stderr).checks?.[0];
  const schedule = row?.counterexample?.schedule ?? "";
  const again = (text: string) => check("--gate", "busted", "--json", "-", "--replay", text);
  const { stdout, stderr, status } = again(schedule);
  assert.is(status, 0, stderr);
  const replayed = parseResult(stdout, stderr);
  assert.equal(told(replayed.checks?.[0]), told(row));
  assert.equal(replayed.notes, []);
  const foreign = again(schedule.replace(/-[0-9a-f]+:/, "-00000000:"));
  assert.is(foreign.status, 0, foreign.stderr);
  assert.match(foreign.stderr, /note: --replay: made for kernel.wasm 00000000, and this is/);
  const part = again(schedule.split(",")[0] ?? "");
  assert.match(part.stderr, "nothing violated: the schedule ends here");
  assert.match(part.stderr, "Every schedule but the one that was replayed.");
});

test("a schedule is of one configuration, and must be one", () => {
  const several = check("--replay", "hp1-00000000:client");
  assert.is(several.status, 2);
  assert.match(
    several.stderr,
    /check: --replay hp1-00000000:client: .* of one configuration, and these are \d+: /,
  );
  assert.is(several.stdout, "", "before anything is said");
  const none = check("--revision", "rwsem", "--replay", "x");
  assert.is(none.status, 2);
  assert.match(none.stderr, "check: --replay x: cannot read this schedule");
});

test("a search that is not of all schedules is bounded, and says what it is worth", () => {
  for (const [args, left] of [
    ["--bound preemptions=0", "with more than 0 preemptions"],
    ["--search random --max-states 5000", "that were not drawn"],
    ["--search pct --max-states 5000", "by priorities"],
    ["--search dfs", "not looked for with --search dfs"],
  ] as const) {
    const { status, stdout } = check("--gate", "refcount", "--width", "400", ...args.split(" "));
    assert.is(status, 0, args);
    assert.match(stdout, "bounded");
    assert.match(stdout, left);
  }
});

test("history is a report: what is reached does not fail the run, and replays", () => {
  const history = (...args: string[]) => hotunplug(["check", "history", ...args], { main: MAIN });
  const { status, stdout, stderr } = history("--revision", "shutdown_first", "--json", "-");
  assert.is(status, 0, stderr);
  const { claims = [], checks } = parseResult(stdout, stderr);
  assert.is(checks, undefined);
  const cell = claims.find(({ id }) => id === "T1")?.cells[0];
  assert.equal([cell?.revision, cell?.reachable], ["shutdown_first", true]);
  const [, ...again] = (cell?.command ?? "").split(" ");
  const replayed = hotunplug([...again, "--replay", cell?.schedule ?? ""], { main: MAIN });
  assert.match(replayed.stdout, "null context in teardown");
  for (const option of ["--gate rwsem", "--threads 2", "--search pct"]) {
    const refused = history(...option.split(" "));
    assert.is(refused.status, 2, option);
    assert.match(refused.stderr, `check: ${option}: `);
  }
});

test("what is not there is refused with what there is", () => {
  const { status, stderr } = check("--revision", "rwsem", "--threads", "7", "--max-states", "9");
  assert.is(status, 0, stderr);
  const none = hotunplug(["check", "removal/none"], { main: MAIN });
  assert.is(none.status, 2);
  assert.match(
    none.stderr,
    "check: removal/none: removal has no such variant; its own: client-remover",
  );
});

test.run();
