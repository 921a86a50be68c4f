// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import type {
  BenchAsked,
  CheckAsked,
  CompareAsked,
  SelfTestAsked,
  StressAsked,
} from "../../host/result/asked.ts";
import { SEEDS } from "./fake-main.ts";
import { hotunplug } from "./spawn.ts";

const folder = mkdtempSync(join(tmpdir(), "hotunplug-cli-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What a command asked of its runner, and what it printed first. */
function askedBy<A>(...args: string[]): { asked: A; stderr: string } {
  const { status, stdout, stderr } = hotunplug([...args, "--json", "-"]);
  assert.is(status, 0, stderr);
  return { asked: parseResult(stdout, "stdout").asked as A, stderr };
}

test("--help keeps to --width, wherever that stands", () => {
  const widest = (...args: string[]) => {
    const { status, stdout } = hotunplug(["bench", ...args]);
    assert.is(status, 0);
    const [about = ""] = stdout.split("\n\n").slice(1);
    return Math.max(...about.split("\n").map((line) => line.length));
  };
  assert.ok(widest("--help", "--width", "50") <= 50);
  assert.ok(widest("--width=60", "--gates", "all", "--help") <= 60);
  assert.ok(widest("--help") > 60);
});

test("without a command there is help, and status 0", () => {
  const { status, stdout, stderr } = hotunplug([]);
  assert.match(stdout, "usage: hotunplug COMMAND");
  assert.is(stderr, "");
  assert.is(status, 0);
});

for (const command of [
  "bench",
  "stress",
  "compare",
  "check",
  "selftest",
  "doctor",
  "list",
  "wasi",
]) {
  test(`${command} --help has usage and examples, and help ${command} is the same`, () => {
    const { status, stdout } = hotunplug([command, "--help"]);
    assert.not.match(stdout, "[null]");
    assert.match(stdout, `usage: hotunplug ${command} [options]`);
    assert.match(stdout, `examples:\n  hotunplug ${command}`);
    assert.match(stdout, "--json FILE");
    assert.ok(stdout.split("\n").every((line) => line.length <= 100));
    assert.is(status, 0);
    assert.is(hotunplug(["help", command]).stdout, stdout);
  });
}

test("bench asks for what the options say, in the module's names and in plain units", () => {
  const { asked } = askedBy<BenchAsked>(
    ...["bench", "--gates", "percpu-ref,rwsem", "--threads", "1,2", "--devices", "own"],
    ...["--workload", "ioctl", "--window", "1.5s", "--service", "10us", "--memory", "32MiB"],
  );
  const { gates, threads, devices, workload, windowMs, serviceNs, memoryBytes } = asked;
  assert.equal(gates, ["percpu_ref", "rwsem"]);
  assert.equal(threads, [1, 2]);
  assert.equal(devices, ["own"]);
  assert.equal([workload, windowMs, serviceNs, memoryBytes], ["ioctl", 1500, 10_000, 2 ** 25]);
});

test("selftest takes bench's options, and does less where they are not given", () => {
  const { asked } = askedBy<SelfTestAsked>("selftest", "--runs", "3", "--threads", "1");
  assert.equal([asked.runs, asked.rounds, asked.windowMs], [3, 12, 5]);
  assert.equal([asked.gates, asked.threads], [["rwsem", "percpu_ref"], [1]]);
});

test("what is printed first is the command that repeats the run", () => {
  const first = askedBy<StressAsked>(
    "stress",
    "--gate",
    "refcount",
    "--no-sanitize",
    "--time",
    "2s",
  );
  const line = first.stderr.split("\n\n")[0]?.replace(/\n\s+/g, " ") ?? "";
  assert.match(line, /^hotunplug stress .* --gate refcount .* --no-sanitize/);
  const again = askedBy<StressAsked>(...line.split(" ").slice(1));
  assert.equal(again.asked, first.asked);
});

test("stress fills in the gate where the revision takes one, and none where it does not", () => {
  assert.is(askedBy<StressAsked>("stress").asked.gate, "rwsem");
  assert.is(askedBy<StressAsked>("stress", "--revision", "percpu-ref").asked.gate, null);
});

test("check asks for a scenario, its variant, and what is to be searched how", () => {
  const { asked, stderr } = askedBy<CheckAsked>(
    ...["check", "percpu-ref/two-getters", "--threads", "3", "--bound", "preemptions=2"],
    ...["--memory", "tso", "--search", "dfs", "--no-reduction", "--memory-limit", "64MiB"],
  );
  const { scenario, variant, threads, bound, memory, search, reduction } = asked;
  assert.equal([scenario, variant, threads, bound], ["percpu_ref", "two-getters", 3, 2]);
  assert.equal([memory, search, reduction], ["tso", "dfs", false]);
  assert.equal([asked.memoryLimitBytes, asked.maxStates, asked.replay], [2 ** 26, null, null]);
  assert.match(stderr, /^hotunplug check percpu-ref\/two-getters --threads 3 /);
  const { asked: suite } = askedBy<CheckAsked>("check");
  assert.equal([suite.scenario, suite.revision, suite.gate, suite.bound], [null, null, null, null]);
});

test("what check finds ends with 1 where it must not be, and its own errors with 3", () => {
  const held = hotunplug(["check"]);
  assert.is(held.status, 0, held.stdout);
  const found = hotunplug(["check", "--seed", `${SEEDS.violated}`]);
  assert.is(found.status, 1);
  assert.match(found.stdout, "failed: rcu, busted grace period: this control was not caught");
  const fault = hotunplug(["check", "--seed", `${SEEDS.fault}`]);
  assert.is(fault.status, 3);
  assert.match(fault.stdout, "INTERNAL ERROR");
  assert.match(fault.stdout, /failed: .*: internal error: its thread exited with status 1/);
});

test("--quick changes defaults, not what is asked for by name", () => {
  const { asked } = askedBy<CompareAsked>("compare", "--quick", "--rounds", "9");
  assert.equal([asked.quick, asked.rounds, asked.windowMs, asked.stormMs], [true, 9, 10, 1000]);
});

test("status: 0 held, 1 violated, 2 usage, 3 machine, 3 and a stack for a bug of ours", () => {
  const seeded = (seed: number) => hotunplug(["stress", "--seed", `${seed}`]);
  assert.is(seeded(SEEDS.held).status, 0);
  const violated = seeded(SEEDS.violated);
  assert.is(violated.status, 1);
  assert.match(violated.stdout, "failed: put_device+rwsem: violated: leak");
  assert.equal(
    [seeded(SEEDS.usage).status, seeded(SEEDS.usage).stderr],
    [2, "hotunplug: stress: --memory: 16 MiB do not hold 64 devices\n"],
  );
  assert.equal(
    [seeded(SEEDS.machine).status, seeded(SEEDS.machine).stderr],
    [3, "hotunplug: stress: CPU 1 stalled in down_write\n"],
  );
  const bug = seeded(SEEDS.bug);
  assert.is(bug.status, 3);
  assert.match(bug.stderr, /^hotunplug: stress: \[harness bug\] TypeError: .*\n.*fake-main\.js/);
});

test("--json FILE saves what was drawn, and says where", () => {
  const path = join(folder, "bench.json");
  const { status, stdout } = hotunplug(["bench", "--json", path]);
  assert.is(status, 0);
  assert.match(stdout, `result saved in ${path}\n`);
  assert.is(parseResult(readFileSync(path, "utf8"), path).command, "bench");
  assert.equal(readdirSync(folder), ["bench.json"]);
});

test("a run that fails leaves no file, not even half of one", () => {
  const path = join(folder, "none.json");
  assert.is(hotunplug(["bench", "--seed", `${SEEDS.machine}`, "--json", path]).status, 3);
  assert.not(existsSync(path));
  assert.equal(
    readdirSync(folder).filter((name) => name.includes("none")),
    [],
  );
});

test("--json - leaves stdout to the JSON, whole", () => {
  const { stdout, stderr } = hotunplug(["compare", "--json", "-"]);
  assert.is(parseResult(stdout, "stdout").command, "compare");
  assert.match(stderr, "On one shared device");
});

test("two saved results are compared, and the limit decides the status", () => {
  const [a, b] = [join(folder, "a.json"), join(folder, "b.json")];
  assert.is(hotunplug(["bench", "--json", a]).status, 0);
  const slower = JSON.parse(readFileSync(a, "utf8"));
  for (const row of slower.pairs) row.samples = row.samples.map((x: number) => 1.5 * x);
  writeFileSync(b, JSON.stringify(slower));
  const plain = hotunplug(["compare", a, b]);
  assert.is(plain.status, 0);
  assert.match(plain.stdout, "B is slower in");
  assert.is(hotunplug(["compare", a, b, "--fail-over", "10%"]).status, 1);
  slower.environment.cores = 64;
  writeFileSync(b, JSON.stringify(slower));
  const refused = hotunplug(["compare", a, b]);
  assert.is(refused.status, 2);
  assert.match(refused.stderr, /unlike environments .*: cores: 2 and 64\n$/);
  assert.is(hotunplug(["compare", a, b, "--force"]).status, 0);
});

test("no colour in a pipe, and none with NO_COLOR", () => {
  for (const env of [{}, { NO_COLOR: "1" }]) {
    assert.not.match(hotunplug(["compare"], { env }).stdout, "\x1b");
  }
});

test("--width narrows the text", () => {
  const { stdout } = hotunplug(["compare", "--width", "60"]);
  assert.ok(stdout.split("\n").every((line) => line.length <= 60 || line.startsWith("  again:")));
});

test("list names gates, revisions, scenarios and events; --json has them for programs", () => {
  const { stdout } = hotunplug(["list"]);
  for (const name of ["rwsem_per_device", "put_device", "clients against a removal", "rcu_gp"]) {
    assert.match(stdout, name);
  }
  assert.match(stdout, /^qsbr +fail +may not +many +4 B +0 B +28 B +0 B$/m);
  const { gates, scenarios } = JSON.parse(hotunplug(["list", "--json", "-"]).stdout);
  assert.equal(gates[0].checks[0].threads, ["entrant", "remover"]);
  assert.equal([gates[0].name, scenarios[0].name], ["rwsem", "removal"]);
});

test("list --gates says all of each gate, and nothing else", () => {
  const { stdout } = hotunplug(["list", "--gates"]);
  for (const said of [
    "A body may not sleep inside",
    "Removal: waits for the last one out.",
    "4 in each device, 28 once",
    "gate/entrant-remover (2 threads)",
    "hotunplug check gate --gate percpu_ref",
  ]) {
    assert.match(stdout, said);
  }
  assert.not.match(stdout, "put_device");
});

test("--version prints the version", () => {
  assert.match(hotunplug(["--version"]).stdout, /^\d+\.\d+\.\d+\n$/);
});

test.run();
