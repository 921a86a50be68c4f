// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the system says of the computer that bears on a measurement. Null is "not known", which is not
 * the same as "no": a virtual machine often has no word on the clock rate of the cores below it.
 */
import { parseCores } from "./affinity.ts";
import { cpuQuota } from "./cgroup.ts";
import { type SystemFiles, systemFiles } from "./system-files.ts";

export interface HostFacts {
  /** Cores that are online and cores that this process may use, as in "0-3,6". */
  readonly online: string | null;
  readonly affinity: string | null;
  readonly quotaCores: number | "none" | null;
  /** Who sets the clock rate of the cores in use; several with commas between. */
  readonly governor: string | null;
  readonly turbo: boolean | null;
  /** Whether cores come in pairs (or more) that share the parts of one. */
  readonly smt: boolean | null;
  /** Of the cores in use, those that share one: a list each, of two or more. */
  readonly siblings: readonly string[];
  /** Its name, or "unnamed"; "none" on bare metal. */
  readonly hypervisor: string | null;
  readonly clocksource: string | null;
  /** Of the first core in use: "L1d 32K", "L3 32768K of 0-1". */
  readonly caches: readonly string[];
  readonly memoryBytes: number | null;
  readonly memoryAvailableBytes: number | null;
  /** Tasks that run or want to, and those that wait for a disk: the mean of a minute. */
  readonly load: number | null;
  /** What becomes of this process's loads that could overtake a store. */
  readonly storeBypass: string | null;
  /** Weaknesses of the processor against which the system does something. */
  readonly mitigations: readonly string[];
}

const CPU = "/sys/devices/system/cpu";

export function readHostFacts(files: SystemFiles = systemFiles()): HostFacts {
  const status = files.text("/proc/self/status") ?? "";
  const affinity = field(status, "Cpus_allowed_list");
  const cores = affinity === null ? [] : parseCores(affinity);
  return {
    online: files.text(`${CPU}/online`),
    affinity,
    quotaCores: cpuQuota(files),
    governor: governorOf(files, cores),
    turbo: turboOf(files),
    ...siblingsOf(files, cores),
    hypervisor: hypervisorOf(files),
    clocksource: files.text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
    caches: cachesOf(files, cores[0] ?? 0),
    memoryBytes: memory(files, "MemTotal"),
    memoryAvailableBytes: memory(files, "MemAvailable"),
    load: numberIn(/^[\d.]+/.exec(files.text("/proc/loadavg") ?? "")?.[0]),
    storeBypass: field(status, "Speculation_Store_Bypass"),
    mitigations: files.names(`${CPU}/vulnerabilities`).filter((name) => {
      return files.text(`${CPU}/vulnerabilities/${name}`)?.startsWith("Mitigation:") === true;
    }),
  };
}

function field(text: string, name: string): string | null {
  return new RegExp(`^${name}\\s*:[ \\t]*(\\S.*)$`, "m").exec(text)?.[1]?.trim() ?? null;
}

function numberIn(text: string | null | undefined): number | null {
  return text === null || text === undefined || text === "" ? null : Number(text);
}

function governorOf(files: SystemFiles, cores: readonly number[]): string | null {
  const all = cores.map((core) => files.text(`${CPU}/cpu${core}/cpufreq/scaling_governor`));
  const known = new Set(all.filter((governor) => governor !== null));
  return known.size > 0 ? [...known].join(",") : null;
}

/** intel_pstate says whether it is off, the other drivers whether it is on. */
function turboOf(files: SystemFiles): boolean | null {
  const off = files.text(`${CPU}/intel_pstate/no_turbo`);
  if (off !== null) return off === "0";
  const on = files.text(`${CPU}/cpufreq/boost`);
  return on === null ? null : on === "1";
}

function siblingsOf(
  files: SystemFiles,
  cores: readonly number[],
): Pick<HostFacts, "smt" | "siblings"> {
  const shared = cores.map((core) => {
    const list = files.text(`${CPU}/cpu${core}/topology/thread_siblings_list`);
    return list === null ? null : parseCores(list);
  });
  const groups = new Set(
    shared.flatMap((group) => {
      const ours = (group ?? []).filter((core) => cores.includes(core));
      return ours.length > 1 ? [ours.join(",")] : [];
    }),
  );
  const active = files.text(`${CPU}/smt/active`);
  const seen = shared.some((group) => group !== null && group.length > 1);
  const known = active !== null || shared.some((group) => group !== null);
  return { smt: known ? active === "1" || seen : null, siblings: [...groups] };
}

/** x86 has a bit for it; elsewhere the name of the board is the only hint, and no name is no proof. */
function hypervisorOf(files: SystemFiles): string | null {
  const flags = field(files.text("/proc/cpuinfo") ?? "", "flags");
  const board = ["sys_vendor", "product_name"].flatMap((name) => {
    return files.text(`/sys/class/dmi/id/${name}`) ?? [];
  });
  const named = files.text("/sys/hypervisor/type") ?? (board.join(" ") || "unnamed");
  if (flags === null) return files.text("/sys/hypervisor/type");
  return flags.split(" ").includes("hypervisor") ? named : "none";
}

const LETTERS: Readonly<Record<string, string>> = { Data: "d", Instruction: "i" };

function cachesOf(files: SystemFiles, core: number): string[] {
  const folder = `${CPU}/cpu${core}/cache`;
  return files.names(folder).flatMap((index) => {
    if (!/^index\d+$/.test(index)) return [];
    const [level, type, size, shared] = ["level", "type", "size", "shared_cpu_list"].map((name) => {
      return files.text(`${folder}/${index}/${name}`);
    });
    if (!level || !type || !size) return [];
    const others = shared && shared !== String(core) ? ` of ${shared}` : "";
    return [`L${level}${LETTERS[type] ?? ""} ${size}${others}`];
  });
}

function memory(files: SystemFiles, name: string): number | null {
  const kib = /^(\d+) kB$/.exec(field(files.text("/proc/meminfo") ?? "", name) ?? "")?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}
