// SPDX-License-Identifier: GPL-2.0-only
/**
 * How much CPU time the control groups of this process leave it. A quota stops all its threads at once
 * for the rest of a period (100 ms by default) once they have used it up.
 *
 *   v2  /proc/self/cgroup "0::/a/b"        /sys/fs/cgroup/a/b/cpu.max           "150000 100000", "max 100000"
 *   v1  /proc/self/cgroup "3:cpu,x:/a/b"   /sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us, cpu.cfs_period_us; -1: none
 *
 * Every group up to the root counts. In a container the path may be that of the host, and the folder
 * mounted here the group itself: then the root alone is found, which is the right one.
 */
import type { SystemFiles } from "./system-files.ts";

const MOUNT = "/sys/fs/cgroup";

/** @returns the least quota in cores; "none" where no group has one; null where no group says */
export function cpuQuota(files: SystemFiles): number | "none" | null {
  const groups = (files.text("/proc/self/cgroup") ?? "").split("\n").flatMap((line) => {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (line === "") return [];
    return controllers === ""
      ? unified(path)
      : controllers.split(",").includes("cpu")
        ? old(path)
        : [];
  });
  const quotas = groups.map((read) => read(files)).filter((quota) => quota !== null);
  const limits = quotas.filter((quota) => quota !== "none");
  if (limits.length > 0) return Math.min(...limits);
  return quotas.length > 0 ? "none" : null;
}

type Read = (files: SystemFiles) => number | "none" | null;

function unified(path: string): Read[] {
  return [MOUNT, `${MOUNT}/unified`].flatMap((mount) =>
    upwards(path).map((group) => (files) => {
      const [, quota = "", period = ""] =
        /^(max|\d+) (\d+)$/.exec(files.text(`${mount}${group}/cpu.max`) ?? "") ?? [];
      if (quota === "") return null;
      return quota === "max" ? "none" : Number(quota) / Number(period);
    }),
  );
}

function old(path: string): Read[] {
  return ["cpu", "cpu,cpuacct"].flatMap((controller) =>
    upwards(path).map((group) => (files) => {
      const folder = `${MOUNT}/${controller}${group}`;
      const quota = Number(files.text(`${folder}/cpu.cfs_quota_us`) ?? Number.NaN);
      const period = Number(files.text(`${folder}/cpu.cfs_period_us`) ?? Number.NaN);
      if (Number.isNaN(quota)) return null;
      return quota < 0 ? "none" : quota / period;
    }),
  );
}

/** "/a/b": "/a/b", "/a", "". */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return [...parts.keys(), parts.length].reverse().map((n) => {
    return parts
      .slice(0, n)
      .map((part) => `/${part}`)
      .join("");
  });
}
