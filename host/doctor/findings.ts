// SPDX-License-Identifier: GPL-2.0-only
/**
 * What would spoil a measurement on this computer, and what to do about it. Ratios within a run are
 * taken round by round, so what slows all contenders alike does less harm than what slows some.
 */
import { parseCores } from "../machine/affinity.ts";
import { engineFindings } from "./engine-findings.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fine, problem, unknown } from "./finding.ts";

/** Others that use more than this share of a core take turns with a thread that is timed. */
const OTHERS_CORES = 0.1;
const STEAL_PCT = 0.5;
const LEAST_MEMORY = 512 * 2 ** 20;
/** Chunks of 30 us are timed: a step of this much is 3 % of one. */
const COARSE_STEP_NS = 1000;
/** Read in user space, without a system call. */
const QUICK_CLOCKS = new Set([
  "tsc",
  "kvm-clock",
  "arch_sys_counter",
  "hyperv_clocksource_tsc_page",
]);

export function findings(examination: Examination): Finding[] {
  return [
    cores(examination),
    quota(examination),
    pinning(examination),
    smt(examination),
    governor(examination),
    turbo(examination),
    load(examination),
    steal(examination),
    hypervisor(examination),
    clock(examination),
    clocksource(examination),
    memory(examination),
    storeBypass(examination),
    mitigations(examination),
    ...engineFindings(examination),
  ];
}

function cores({ facts: { online, affinity } }: Examination): Finding {
  const what = "cores";
  if (affinity === null) return unknown(what, "the system does not say which cores may be used");
  const found = `${parseCores(affinity).length} to use (${affinity}), ${online ?? "?"} online`;
  if (parseCores(affinity).length > 1) return fine(what, found);
  return problem(
    what,
    found,
    "threads take turns on one core: nothing here is about contention; widen the affinity (taskset, cpuset) or use another machine",
  );
}

function quota({ facts: { quotaCores, affinity } }: Examination): Finding {
  const what = "CPU quota";
  if (quotaCores === null) return unknown(what, "no control group with a quota file was found");
  if (quotaCores === "none") return fine(what, "none");
  const enough = affinity !== null && quotaCores > parseCores(affinity).length;
  const found = `${quotaCores} cores' worth of time`;
  if (enough) return fine(what, `${found}, more than there are cores`);
  return problem(
    what,
    found,
    "all threads stop together once it is used up: run without it (--cpus of a container, CPUQuota of a unit), or with fewer threads than it allows",
  );
}

function pinning({ pinning: works }: Examination): Finding {
  if (works) return fine("pinning", "threads can be bound to cores");
  return problem(
    "pinning",
    "taskset(1) does not work",
    "threads wander between cores: install util-linux, or allow sched_setaffinity",
  );
}

function smt({ facts: { smt: on, siblings } }: Examination): Finding {
  const what = "SMT";
  if (on === null) return unknown(what, "the system does not say which threads share a core");
  if (!on) return fine(what, "each core is its own");
  if (siblings.length === 0) return fine(what, "on, but no two of the cores to use share one");
  const found = `on: ${siblings.join(" and ")} share a core`;
  const taken = new Set(siblings.flatMap((group) => group.split(",").slice(1)));
  const aside = `leave out ${[...taken].join(",")} with taskset -c, or switch it off (/sys/devices/system/cpu/smt/control)`;
  return problem(
    what,
    found,
    `threads on one core share its caches, and a contended line costs them little: ${aside}`,
  );
}

function governor({ facts }: Examination): Finding {
  const what = "frequency governor";
  if (facts.governor === null)
    return unknown(what, "the system sets no clock rate; below a hypervisor its host does");
  if (facts.governor === "performance") return fine(what, facts.governor);
  return problem(
    what,
    facts.governor,
    "the clock rate follows the load: cpupower frequency-set -g performance",
  );
}

function turbo({ facts }: Examination): Finding {
  if (facts.turbo === null) return unknown("turbo", "the system does not say");
  if (!facts.turbo) return fine("turbo", "off");
  return problem(
    "turbo",
    "on",
    "the clock rate depends on how many cores are busy and how warm they are: figures for 1 thread and for many are of different clocks; echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or 0 > …/cpufreq/boost",
  );
}

function load({ facts, seen }: Examination): Finding {
  const what = "load";
  if (seen.othersCores === null) return unknown(what, "there is no /proc/stat");
  const mean = facts.load === null ? "" : `, load average ${facts.load}`;
  const found = `others used ${seen.othersCores.toFixed(2)} cores in a second${mean}`;
  if (seen.othersCores <= OTHERS_CORES) return fine(what, found);
  return problem(what, found, "they take turns with the threads that are timed: end them, or wait");
}

function steal({ seen }: Examination): Finding {
  const what = "steal time";
  if (seen.stealPct === null) return unknown(what, "the system does not count it");
  const found = `${seen.stealPct.toFixed(2)} % in a second`;
  if (seen.stealPct <= STEAL_PCT) return fine(what, found);
  return problem(
    what,
    found,
    "the hypervisor gives the cores to others: run when its host is quiet, or on another one",
  );
}

function hypervisor({ facts }: Examination): Finding {
  const what = "virtualisation";
  if (facts.hypervisor === null) return unknown(what, "the system does not say");
  if (facts.hypervisor === "none") return fine(what, "none");
  const found =
    facts.hypervisor === "unnamed" ? "a hypervisor that tells no name" : facts.hypervisor;
  return problem(
    what,
    found,
    "sleeping and waking take tens of us, and what shares the host is not seen: trust ratios of one run, and repeat it; figures for publication want bare metal",
  );
}

function clock({ clocks: { kernelNs, kernelCostNs, performanceNs } }: Examination): Finding {
  const found = `steps of ${kernelNs} ns in the kernel, at ${kernelCostNs} ns a read; of ${performanceNs} ns in performance.now()`;
  if (kernelNs <= COARSE_STEP_NS) return fine("timer resolution", found);
  return problem(
    "timer resolution",
    found,
    "chunks of 30 us are timed: see the clock source, and whether the engine rounds its clock",
  );
}

function clocksource({ facts }: Examination): Finding {
  const what = "clock source";
  if (facts.clocksource === null) return unknown(what, "the system does not say");
  if (QUICK_CLOCKS.has(facts.clocksource)) return fine(what, facts.clocksource);
  return problem(
    what,
    facts.clocksource,
    "reading it may take a system call: /sys/devices/system/clocksource/clocksource0/available_clocksource names others",
  );
}

function memory({ facts: { memoryAvailableBytes: bytes } }: Examination): Finding {
  const what = "memory";
  if (bytes === null) return unknown(what, "the system does not say");
  const found = `${Math.round(bytes / 2 ** 20)} MiB available`;
  if (bytes >= LEAST_MEMORY) return fine(what, found);
  return problem(
    what,
    found,
    "a run takes some 200 MiB, and swapping is no measurement: free some",
  );
}

function storeBypass({ facts: { storeBypass: state } }: Examination): Finding {
  const what = "store bypass";
  if (state === null) return unknown(what, "the system does not say");
  if (!/mitigated/.test(state)) return fine(what, `not held back in this process (${state})`);
  return problem(
    what,
    state,
    "a load waits for the stores before it: plain counters, such as percpu_ref's, cost more than they do in a kernel; start without the seccomp filter or prctl that asks for it",
  );
}

/** None of them is in the way of an atomic instruction; those that matter are at the kernel's door. */
function mitigations({ facts }: Examination): Finding {
  const names = facts.mitigations;
  if (names.length === 0) return fine("mitigations", "none is said to be in force");
  return fine(
    "mitigations",
    `${names.join(", ")}: they slow system calls, and so sleeping and waking, not atomics`,
  );
}
