// SPDX-License-Identifier: GPL-2.0-only
/** Over trees of /proc and /sys that are made here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cpuQuota } from "../../host/machine/cgroup.ts";
import { readHostFacts } from "../../host/machine/host-facts.ts";
import { type SystemFiles, systemFiles } from "../../host/machine/system-files.ts";

const made: string[] = [];
test.after(() => {
  for (const root of made) rmSync(root, { recursive: true, force: true });
});

function tree(files: Readonly<Record<string, string>>): SystemFiles {
  const root = mkdtempSync(join(tmpdir(), "hotunplug-proc-"));
  made.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return systemFiles(root);
}

const CPU = "/sys/devices/system/cpu";

/** A desktop with 2 cores of 2 threads; this process may use three of the four. */
const DESKTOP = {
  "/proc/self/status":
    "Name:\tnode\nCpus_allowed:\t7\nCpus_allowed_list:\t0-2\nSpeculation_Store_Bypass:\tthread vulnerable",
  "/proc/cpuinfo":
    "processor\t: 0\nflags\t\t: fpu vme sse2 ht\n\nprocessor\t: 1\nflags\t\t: fpu vme",
  "/proc/meminfo": "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    8000 kB",
  "/proc/loadavg": "1.25 0.80 0.44 2/345 6789",
  [`${CPU}/online`]: "0-3",
  [`${CPU}/smt/active`]: "1",
  [`${CPU}/intel_pstate/no_turbo`]: "0",
  [`${CPU}/cpu0/topology/thread_siblings_list`]: "0,2",
  [`${CPU}/cpu1/topology/thread_siblings_list`]: "1,3",
  [`${CPU}/cpu2/topology/thread_siblings_list`]: "0,2",
  [`${CPU}/cpu0/cpufreq/scaling_governor`]: "powersave",
  [`${CPU}/cpu1/cpufreq/scaling_governor`]: "performance",
  [`${CPU}/cpu2/cpufreq/scaling_governor`]: "powersave",
  [`${CPU}/cpu3/cpufreq/scaling_governor`]: "ondemand",
  [`${CPU}/cpu0/cache/index0/level`]: "1",
  [`${CPU}/cpu0/cache/index0/type`]: "Data",
  [`${CPU}/cpu0/cache/index0/size`]: "32K",
  [`${CPU}/cpu0/cache/index0/shared_cpu_list`]: "0,2",
  [`${CPU}/cpu0/cache/index3/level`]: "3",
  [`${CPU}/cpu0/cache/index3/type`]: "Unified",
  [`${CPU}/cpu0/cache/index3/size`]: "8192K",
  [`${CPU}/cpu0/cache/index3/shared_cpu_list`]: "0-3",
  [`${CPU}/cpu0/cache/uevent`]: "",
  [`${CPU}/vulnerabilities/meltdown`]: "Mitigation: PTI",
  [`${CPU}/vulnerabilities/l1tf`]: "Not affected",
  [`${CPU}/vulnerabilities/mds`]: "Vulnerable: no microcode",
  "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
  "/proc/self/cgroup": "0::/",
  "/sys/fs/cgroup/cpu.max": "max 100000",
};

test("a desktop, read in full", () => {
  assert.equal(readHostFacts(tree(DESKTOP)), {
    ...{ online: "0-3", affinity: "0-2", quotaCores: "none", governor: "powersave,performance" },
    ...{ turbo: true, smt: true, siblings: ["0,2"], hypervisor: "none", clocksource: "tsc" },
    caches: ["L1d 32K of 0,2", "L3 8192K of 0-3"],
    ...{ memoryBytes: 16000 * 1024, memoryAvailableBytes: 8000 * 1024, load: 1.25 },
    ...{ storeBypass: "thread vulnerable", mitigations: ["meltdown"] },
  });
});

test("where there is nothing to read, nothing is known, and nothing is guessed", () => {
  assert.equal(readHostFacts(tree({})), {
    ...{ online: null, affinity: null, quotaCores: null, governor: null, turbo: null },
    ...{ smt: null, siblings: [], hypervisor: null, clocksource: null, caches: [] },
    ...{ memoryBytes: null, memoryAvailableBytes: null, load: null, storeBypass: null },
    mitigations: [],
  });
});

test("a hypervisor is known by the processor's flag, and named by its board or by itself", () => {
  const guest = { "/proc/cpuinfo": "flags\t\t: fpu hypervisor ht" };
  const named = (files: Record<string, string>) => readHostFacts(tree(files)).hypervisor;
  assert.is(named(guest), "unnamed");
  assert.is(named({ ...guest, "/sys/class/dmi/id/sys_vendor": "QEMU" }), "QEMU");
  assert.is(named({ ...guest, "/sys/hypervisor/type": "xen" }), "xen");
  assert.is(named({ "/proc/cpuinfo": "Features\t: fp asimd atomics" }), null, "not an x86");
  assert.is(named({ "/proc/cpuinfo": "flags : nohypervisor2" }), "none", "a flag is a whole word");
});

test("turbo is read from either driver", () => {
  const turbo = (files: Record<string, string>) => readHostFacts(tree(files)).turbo;
  assert.is(turbo({ [`${CPU}/intel_pstate/no_turbo`]: "1" }), false);
  assert.is(turbo({ [`${CPU}/cpufreq/boost`]: "1" }), true);
  assert.is(turbo({ [`${CPU}/cpufreq/boost`]: "0" }), false);
});

test("cores without siblings have no SMT, and the switch off says so too", () => {
  const status = { "/proc/self/status": "Cpus_allowed_list:\t0-1" };
  const alone = {
    [`${CPU}/cpu0/topology/thread_siblings_list`]: "0",
    [`${CPU}/cpu1/topology/thread_siblings_list`]: "1",
  };
  assert.is(readHostFacts(tree({ ...status, ...alone })).smt, false);
  assert.is(readHostFacts(tree({ ...status, [`${CPU}/smt/active`]: "0" })).smt, false);
  const pair = { ...alone, [`${CPU}/cpu0/topology/thread_siblings_list`]: "0,4" };
  const { smt, siblings } = readHostFacts(tree({ ...status, ...pair }));
  assert.equal([smt, siblings], [true, []], "the sibling is not ours to use");
});

const QUOTAS: readonly [
  what: string,
  files: Record<string, string>,
  quota: number | string | null,
][] = [
  ["none known", { "/proc/self/cgroup": "0::/" }, null],
  [
    "v2, of the group itself",
    { "/proc/self/cgroup": "0::/a/b", "/sys/fs/cgroup/a/b/cpu.max": "150000 100000" },
    1.5,
  ],
  [
    "v2, a tighter one above it",
    {
      "/proc/self/cgroup": "0::/a/b",
      "/sys/fs/cgroup/a/b/cpu.max": "max 100000",
      "/sys/fs/cgroup/a/cpu.max": "50000 100000",
    },
    0.5,
  ],
  [
    "v2, in a container whose path is the host's",
    { "/proc/self/cgroup": "0::/docker/abc", "/sys/fs/cgroup/cpu.max": "200000 100000" },
    2,
  ],
  [
    "v1",
    {
      "/proc/self/cgroup": "4:memory:/m\n3:cpu,cpuacct:/a\n0::/",
      "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "25000",
      "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
    },
    0.25,
  ],
  [
    "v1, none",
    {
      "/proc/self/cgroup": "1:cpu:/",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    },
    "none",
  ],
  [
    "another controller's group of that name does not count",
    { "/proc/self/cgroup": "3:cpuset:/a", "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "25000" },
    null,
  ],
  [
    "a file of another form",
    { "/proc/self/cgroup": "0::/", "/sys/fs/cgroup/cpu.max": "lots" },
    null,
  ],
];

for (const [what, files, quota] of QUOTAS) {
  test(`CPU quota: ${what}`, () => {
    assert.is(cpuQuota(tree(files)), quota);
  });
}

test.run();
