// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { between, type Examination } from "../../host/doctor/examination.ts";
import { findings } from "../../host/doctor/findings.ts";
import type { HostFacts } from "../../host/machine/host-facts.ts";
import { parseProcStat } from "../../host/machine/proc-stat.ts";
import { drawFindings } from "../../host/report/doctor.ts";
import { styleFor } from "../../host/report/style.ts";
import { calm } from "./calm.ts";

function verdicts(examination: Examination): Record<string, string> {
  return Object.fromEntries(findings(examination).map(({ what, verdict }) => [what, verdict]));
}

/** What becomes other than fine, and how. */
function changed(change: Partial<Examination>): Record<string, string> {
  const all = Object.entries(verdicts({ ...calm(), ...change }));
  return Object.fromEntries(all.filter(([, verdict]) => verdict !== "fine"));
}

const facts = (change: Partial<HostFacts>) => changed({ facts: { ...calm().facts, ...change } });
const engine = (change: Partial<Examination["engine"]>) =>
  changed({ engine: { ...calm().engine, ...change } });

test("a calm computer has nothing but fine findings, each with no advice", () => {
  assert.equal(changed({}), {});
  assert.ok(findings(calm()).every(({ advice }) => advice === null));
});

const PROBLEMS: readonly [what: string, seen: Record<string, string>][] = [
  ["cores", facts({ affinity: "2" })],
  ["CPU quota", facts({ quotaCores: 1.5 })],
  ["pinning", changed({ pinning: false })],
  ["SMT", facts({ smt: true, siblings: ["0,2", "1,3"] })],
  ["frequency governor", facts({ governor: "schedutil" })],
  ["frequency governor", facts({ governor: "performance,powersave" })],
  ["turbo", facts({ turbo: true })],
  ["load", changed({ seen: { stealPct: 0, othersCores: 0.4 } })],
  ["steal time", changed({ seen: { stealPct: 2, othersCores: 0 } })],
  ["virtualisation", facts({ hypervisor: "unnamed" })],
  ["timer resolution", changed({ clocks: { ...calm().clocks, kernelNs: 5000 } })],
  ["clock source", facts({ clocksource: "hpet" })],
  ["memory", facts({ memoryAvailableBytes: 2 ** 27 })],
  ["store bypass", facts({ storeBypass: "thread force mitigated" })],
  ["compiler tier", engine({ tierSelectable: false, tier: "unknown" })],
  ["engine options", engine({ options: ["--jitless"] })],
  ["engine options", engine({ options: ["--no-wasm_tier_up"] })],
  ["memory.atomic.wait", engine({ canaryFailure: "CPU 0: this engine loses local variables" })],
];

for (const [i, [what, seen]] of PROBLEMS.entries()) {
  test(`${i}: ${what} can be a problem, and then is the only one`, () => {
    assert.equal(seen, { [what]: "problem" });
  });
}

test("every problem comes with something to do", () => {
  const worst: Examination = {
    ...calm(),
    ...{ pinning: false, seen: { stealPct: 9, othersCores: 2 } },
    facts: { ...calm().facts, turbo: true, governor: "powersave", hypervisor: "KVM", smt: true },
  };
  const problems = findings(worst).filter(({ verdict }) => verdict === "problem");
  assert.ok(problems.length > 4);
  assert.ok(problems.every(({ advice }) => advice !== null && advice.length > 10));
});

test("what the system does not say is not known, and neither fine nor a problem", () => {
  const nothing = Object.fromEntries(Object.keys(calm().facts).map((key) => [key, null]));
  const blank = { ...nothing, siblings: [], caches: [], mitigations: [] } as unknown as HostFacts;
  const seen = changed({ facts: blank, seen: { stealPct: null, othersCores: null } });
  assert.equal([...new Set(Object.values(seen))], ["not known"]);
  assert.is(Object.keys(seen).length, 11);
});

test("what is there and does no harm is fine", () => {
  assert.equal(facts({ quotaCores: 8 }), {}, "a quota above the cores");
  assert.equal(facts({ smt: true, siblings: [] }), {}, "SMT whose siblings are not used");
  assert.equal(engine({ options: ["--max-old-space-size=4096"] }), {});
  assert.equal(engine({ waitBug: true }), {}, "the kernel is built around it");
});

test("SMT's advice names the cores to leave out", () => {
  const facts = { ...calm().facts, smt: true, siblings: ["0,2", "1,3"] };
  const smt = findings({ ...calm(), facts }).find(({ what }) => what === "SMT");
  assert.match(smt?.advice ?? "", "leave out 2,3 with taskset");
});

test("others' share of a second is what the cores were busy with while this process slept", () => {
  const before = parseProcStat(
    "cpu 0 0 0 100 0 0 0 0\ncpu0 0 0 0 50 0 0 0 0\ncpu1 0 0 0 50 0 0 0 0",
  );
  const after = parseProcStat(
    "cpu 40 0 0 250 0 0 0 10\ncpu0 40 0 0 110 0 0 0 0\ncpu1 0 0 0 140 0 0 0 10",
  );
  assert.equal(between(before, after), { stealPct: 5, othersCores: 0.5 });
  assert.equal(between(null, after), { stealPct: null, othersCores: null });
});

test("the drawing has the verdict first, the advice below it, and the sum", () => {
  const facts = { ...calm().facts, governor: "powersave", turbo: null };
  const lines = drawFindings(findings({ ...calm(), facts }), { width: 80, style: styleFor(false) });
  assert.ok(lines.every((line) => line.length <= 80));
  const text = lines.join("\n");
  assert.match(text, /^fine {7}cores: 4 to use \(0-3\), 0-3 online\n/);
  assert.match(text, /\nproblem {4}frequency governor: powersave\n {13}the clock rate/);
  assert.match(text, "\nnot known  turbo: ");
  assert.match(text, /\n\n1 of 17 would spoil a measurement, 1 are not known$/);
});

test.run();
