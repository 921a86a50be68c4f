// SPDX-License-Identifier: GPL-2.0-only
import type { Examination } from "../../host/doctor/examination.ts";
import type { HostFacts } from "../../host/machine/host-facts.ts";

/** A computer with nothing to complain of. */
export function calm(): Examination {
  return {
    facts: calmFacts(),
    seen: { stealPct: 0, othersCores: 0.02 },
    clocks: { performanceNs: 80, kernelNs: 40, kernelCostNs: 35 },
    pinning: true,
    engine: {
      ...{ name: "node 20.20.2", tier: "baseline", tierSelectable: true },
      ...{ flags: ["--liftoff-only"], options: [], waitBug: false, canaryFailure: null },
    },
  };
}

export function calmFacts(): HostFacts {
  return {
    ...{ online: "0-3", affinity: "0-3", quotaCores: "none", governor: "performance" },
    ...{ turbo: false, smt: false, siblings: [], hypervisor: "none", clocksource: "tsc" },
    ...{ caches: ["L1d 32K"], memoryBytes: 2 ** 34, memoryAvailableBytes: 2 ** 33, load: 0.1 },
    ...{ storeBypass: "thread vulnerable", mitigations: ["spectre_v1"] },
  };
}
