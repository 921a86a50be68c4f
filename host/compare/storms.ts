// SPDX-License-Identifier: GPL-2.0-only
/**
 * The storms of `compare`, in their order: each gate as it is, each gate under the sanitizer with
 * faults injected into the adding of devices, then the driver as it stood in its history, the same way.
 * A gate in which no body may sleep is left out: there is no driver with it.
 */
import { availableParallelism } from "node:os";
import { OPEN_REVISION } from "../machine/driver.ts";
import type { CompareAsked } from "../result/asked.ts";
import type { GateFacts } from "../result/result.ts";
import type { StormRequest } from "../stress/request.ts";

/** What the patch and its series were written about, oldest first; the last one with the patch's gate. */
const HISTORY: readonly (readonly [revision: string, gate: string | null])[] = [
  ["percpu_ref", null],
  ["rwsem", null],
  [OPEN_REVISION, "rwsem"],
];

const DEVICES = 4;
const CLIENTS_MOST = 7;
const FAULT_RATE = 0.05;
const HISTORY_FAULT_RATE = 0.2;
/** What the history is looked at for, of a gate's time: what there is to find is found at once. */
const HISTORY_SHARE = 0.5;

/** A control ends at its first violation, at once on most computers; on a busy one it gets this long. */
const CONTROL_MS = 10_000;

export interface PlannedStorm {
  readonly label: string;
  /** How long it is likely to take, for the progress bar. */
  readonly likelyMs: number;
  readonly request: Omit<StormRequest, "signal">;
}

export function plannedStorms(
  asked: CompareAsked,
  gates: readonly GateFacts[],
  cores: number = availableParallelism(),
): PlannedStorm[] {
  const common = {
    clients: Math.min(Math.max(cores - 1, 1), CLIENTS_MOST),
    devices: DEVICES,
    removers: 1,
    timeMs: asked.stormMs,
    seed: asked.seed,
    faultRate: 0,
    sanitize: false,
    serviceNs: 0,
    stutterMs: 0,
    delayNs: 0,
    tier: asked.tier,
  };
  const hardened = { ...common, sanitize: true, faultRate: FAULT_RATE };
  const ofGate = ({ name, control }: GateFacts) => ({
    ...{ revision: OPEN_REVISION, gate: name },
    ...(control ? { timeMs: Math.max(asked.stormMs, CONTROL_MS) } : {}),
  });
  const fit = gates.filter(({ atomic }) => !atomic);
  const historyMs = asked.stormMs * HISTORY_SHARE;
  return [
    ...fit.map((gate) => ({
      label: `storm through ${gate.name}`,
      likelyMs: asked.stormMs,
      request: { ...common, ...ofGate(gate) },
    })),
    ...fit.map((gate) => ({
      label: `sanitized storm through ${gate.name}`,
      likelyMs: asked.stormMs,
      request: { ...hardened, ...ofGate(gate) },
    })),
    ...HISTORY.map(([revision, gate]) => ({
      label: `storm through the driver as it stood: ${revision}`,
      likelyMs: historyMs,
      request: {
        ...{ ...hardened, faultRate: HISTORY_FAULT_RATE, revision, gate, timeMs: historyMs },
        ...{ stopAtFirst: true, asFound: true }, // what comes after the first is its consequence
      },
    })),
  ];
}
