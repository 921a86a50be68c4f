// SPDX-License-Identifier: GPL-2.0-only
/** Options of the roles workload: who does what how often, and what a reader does inside. */
import { UsageError } from "../errors.ts";
import type { Pace, RoleName, RolesAsked } from "../result/roles.ts";
import { DISTRIBUTIONS, type Distribution, serviceTable } from "../stats/distribution.ts";
import { duration, Expected, integer, type Option, type Values, writeDuration } from "./options.ts";

const MOST_CPUS = 64;
const MOST_SERVICE_NS = 10e9;
const S = 1e9;
const MS = 1e6;

/** A time, or a distribution and its mean: 10us, exp:10us. */
export function distribution(help: string): Option<Distribution> {
  const { parse } = duration(0, MOST_SERVICE_NS, 0, help);
  return {
    ...{ placeholder: "[DIST:]TIME", help, initial: { kind: "fixed", meanNs: 0 } },
    parse: (value) => {
      const [, name = "fixed", time = ""] = /^(?:(\w+):)?(.*)$/s.exec(value) ?? [];
      const kind = DISTRIBUTIONS.find((one) => one === name);
      if (kind) return { kind, meanNs: parse(time) };
      throw new Expected(`a time, or one of ${DISTRIBUTIONS.join(", ")} and a time, as exp:10us`);
    },
    format: ({ kind, meanNs }) => (kind === "fixed" ? "" : `${kind}:`) + writeDuration(meanNs),
  };
}

/** How often: unlimited, 1000/s, think:10us. */
function pace(initial: Pace, help: string): Option<Pace> {
  const think = duration(1, 60 * S, 1, help);
  return {
    ...{ placeholder: "PACE", help, initial },
    parse: (value) => {
      if (value === "unlimited") return { kind: "unlimited" };
      if (value.startsWith("think:")) return { kind: "think", ns: think.parse(value.slice(6)) };
      const perSecond = Number(/^(\d+(?:\.\d+)?)\/s$/.exec(value)?.[1] ?? Number.NaN);
      if (perSecond >= 0.1 && perSecond <= 1e8) return { kind: "rate", perSecond };
      throw new Expected("unlimited, a rate from 0.1/s to 100000000/s, or think:TIME");
    },
    format: (value) => {
      if (value.kind === "unlimited") return "unlimited";
      if (value.kind === "rate") return `${value.perSecond}/s`;
      return `think:${writeDuration(value.ns)}`;
    },
  };
}

export function roleOptions(cores: number) {
  const cpus = (initial: number, help: string) => integer(0, MOST_CPUS, initial, `roles: ${help}`);
  const unlimited: Pace = { kind: "unlimited" };
  const often: Pace = { kind: "rate", perSecond: 1000 };
  return {
    readers: cpus(Math.max(cores - 1, 1), "CPUs that enter the devices that are removed"),
    others: cpus(0, "CPUs that enter a device that nobody removes"),
    removers: cpus(1, "CPUs that remove devices"),
    adders: cpus(0, "CPUs that add them again; without one a remover does"),
    "rate-readers": pace(unlimited, "roles: pace of each reader: unlimited, 5000/s or think:10us"),
    "rate-others": pace(unlimited, "roles: pace of each of the others"),
    "rate-removers": pace(often, "roles: pace of each remover"),
    "rate-adders": pace(unlimited, "roles: pace of each adder"),
    targets: integer(1, MOST_CPUS - 1, 1, "roles: devices that are removed and come back"),
    "sample-every": integer(
      1,
      1 << 20,
      64,
      "roles: of how many entries one is timed outside of removals",
    ),
    deadline: duration(1 * MS, 60 * S, 1 * S, "roles: when a removal that waits is overdue"),
  };
}

type RoleValues = Values<ReturnType<typeof roleOptions>> & {
  readonly service: Distribution;
  /** Null: it spins. */
  readonly body: "spin" | "sleep" | null;
};

/** @throws UsageError for roles that cannot work together */
export function rolesAsked(values: RoleValues): RolesAsked {
  const role = (name: RoleName) => ({ cpus: values[name], pace: values[`rate-${name}`] });
  const roles = {
    readers: role("readers"),
    others: role("others"),
    removers: role("removers"),
    adders: role("adders"),
  };
  const cpus = Object.values(roles).reduce((sum, one) => sum + one.cpus, 0);
  if (cpus === 0) throw new UsageError("--readers, --removers: nobody is to do anything");
  if (cpus > MOST_CPUS) {
    throw new UsageError(`--readers: ${cpus} CPUs in all roles, at most ${MOST_CPUS} are possible`);
  }
  if (roles.adders.cpus > 0 && roles.removers.cpus === 0) {
    throw new UsageError(`--adders ${roles.adders.cpus}: nothing to add again with --removers 0`);
  }
  const { service, deadline, targets } = values;
  const longest = Math.max(...serviceTable(service));
  if (deadline <= longest) {
    throw new UsageError(
      `--deadline ${writeDuration(deadline)}: the longest body takes ${writeDuration(longest)}, and each removal waits for it`,
    );
  }
  return {
    roles,
    targets,
    body: service.meanNs === 0 ? "none" : (values.body ?? "spin"),
    service,
    every: values["sample-every"],
    overdueMs: deadline / MS,
  };
}
