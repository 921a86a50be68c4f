// SPDX-License-Identifier: GPL-2.0-only
/** The options of the roles workload. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseResult } from "../../host/report/saved.ts";
import type { BenchAsked } from "../../host/result/asked.ts";
import { hotunplug, MAIN } from "./spawn.ts";

function askedBy(...args: string[]): { asked: BenchAsked; stderr: string } {
  const { status, stdout, stderr } = hotunplug(["bench", ...args, "--json", "-"]);
  assert.is(status, 0, stderr);
  return { asked: parseResult(stdout, "stdout").asked as BenchAsked, stderr };
}

const refusalOf = (...args: string[]) => {
  const { status, stdout, stderr } = hotunplug(["bench", ...args]);
  assert.is(status, 2, stdout);
  return stderr;
};

const ROLES = ["--workload", "roles"];

test("each role has its CPUs and its pace", () => {
  const { asked } = askedBy(
    ...[...ROLES, "--readers", "2", "--removers", "1", "--rate-removers", "250.5/s"],
    ...["--adders", "3", "--rate-adders", "think:10us", "--others", "1", "--targets", "2"],
  );
  assert.equal(asked.roles?.roles, {
    readers: { cpus: 2, pace: { kind: "unlimited" } },
    others: { cpus: 1, pace: { kind: "unlimited" } },
    removers: { cpus: 1, pace: { kind: "rate", perSecond: 250.5 } },
    adders: { cpus: 3, pace: { kind: "think", ns: 10_000 } },
  });
  assert.equal([asked.roles?.targets, asked.threads, asked.devices], [2, [], []]);
});

test("without a service time there is no body, with one it spins or sleeps", () => {
  const body = (...args: string[]) => {
    const { roles } = askedBy(...ROLES, ...args).asked;
    return [roles?.body, roles?.service.kind, roles?.service.meanNs];
  };
  assert.equal(body(), ["none", "fixed", 0]);
  assert.equal(body("--service", "10us"), ["spin", "fixed", 10_000]);
  assert.equal(body("--service", "exp:1ms", "--body", "sleep"), ["sleep", "exp", 1e6]);
});

test("what is printed first repeats the run", () => {
  const args = ["--service", "bimodal:20us", "--rate-readers", "5000/s", "--deadline", "2s"];
  const first = askedBy(...ROLES, ...args);
  const line = first.stderr.split("\n\n")[0]?.replace(/\n\s+/g, " ") ?? "";
  assert.match(line, /--workload roles .*--service bimodal:20us .*--rate-readers 5000\/s/);
  const again = askedBy(...line.split(" ").slice(2));
  assert.equal(again.asked, first.asked);
  const read = askedBy();
  const plain = read.stderr.split("\n\n")[0]?.replace(/\n\s+/g, " ") ?? "";
  assert.equal(askedBy(...plain.split(" ").slice(2)).asked, read.asked);
});

test("an ioctl takes a time of a distribution as well, and waits as it is told", () => {
  const { asked } = askedBy("--workload", "ioctl", "--service", "uniform:5us", "--body", "spin");
  assert.equal(asked.service, { kind: "uniform", meanNs: 5000 });
  assert.equal([asked.serviceNs, asked.body, asked.roles], [5000, "spin", undefined]);
  const fixed = askedBy("--workload", "ioctl", "--service", "5us").asked;
  assert.equal([fixed.serviceNs, fixed.service, fixed.body], [5000, undefined, undefined]);
});

for (const [why, args, line] of [
  ["a role option elsewhere", ["--readers", "2"], /--readers has no meaning with --workload read/],
  ["threads in roles", [...ROLES, "--threads", "2"], /--threads has no meaning with .* roles/],
  ["nobody", [...ROLES, "--readers", "0", "--removers", "0"], /nobody is to do anything/],
  ["too many", [...ROLES, "--readers", "60", "--adders", "5"], /--readers: 66 CPUs .* at most 64/],
  ["adders alone", [...ROLES, "--adders", "1", "--removers", "0"], /--adders 1: nothing to add/],
  ["a long body", [...ROLES, "--service", "exp:1s"], /--deadline 1s: the longest body takes 7/],
  ["a pace", [...ROLES, "--rate-readers", "1000"], /--rate-readers: expected unlimited.*"1000"/],
  ["a distribution", [...ROLES, "--service", "pareto:1us"], /--service: expected a time.*pareto/],
  ["a body without a time", [...ROLES, "--body", "sleep"], /--body sleep: no time is to pass/],
  ["a body that nobody has", ["--service", "1us"], /--service: the read workload does nothing/],
] as const) {
  test(`refused in one line: ${why}`, () => {
    const stderr = refusalOf(...args);
    assert.match(stderr, line);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
  });
}

test("a run has its first gate twice, and says how far the two are apart", () => {
  const args = ["--gates", "rwsem,refcount", "--rounds", "2", "--window", "2ms", "--json", "-"];
  const { status, stdout, stderr } = hotunplug(["bench", ...ROLES, ...args], { main: MAIN });
  assert.is(status, 0);
  const { noise, roles = [] } = parseResult(stdout, "stdout");
  assert.is(noise?.gate, "rwsem");
  assert.ok(noise?.comparisons.every(({ a }) => a === "rwsem (again)"));
  assert.equal([...new Set(roles.map(({ contender }) => contender))], ["rwsem", "refcount"]);
  assert.match(stderr, "Noise floor: rwsem beside itself");
});

test.run();
