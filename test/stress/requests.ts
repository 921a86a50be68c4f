// SPDX-License-Identifier: GPL-2.0-only
/** Storms short enough for a test. */

import type { Machine } from "../../host/machine/machine.ts";
import type { StormRow, Violation } from "../../host/result/result.ts";
import type { StormRequest } from "../../host/stress/request.ts";

export function storm(request: Partial<StormRequest> = {}): StormRequest {
  return {
    ...{ revision: "put_device", gate: "rwsem", clients: 1, devices: 3, removers: 1, seed: 1 },
    ...{ timeMs: 150, faultRate: 0, sanitize: false, serviceNs: 0, stutterMs: 0, delayNs: 0 },
    signal: new AbortController().signal,
    ...request,
  };
}

/** Events of a storm that has had its chances. */
export const ENOUGH = { ioctl: 20_000, remove: 100, ioctl_enxio: 1 };

/** Asked of a storm that ends long before. */
export const LONG_MS = 60_000;

/** The request, until these events have happened so often: how long that takes is the computer's affair. */
export function until(
  wanted: Readonly<Record<string, number>>,
  request: Partial<StormRequest>,
): StormRequest {
  let machine: Machine | undefined;
  return storm({
    ...request,
    timeMs: LONG_MS,
    inspect: (booted) => {
      machine = booted;
    },
    onTick: () => {
      const events = machine?.events() ?? {};
      const seen = ([event, n]: [string, number]) =>
        (events[`EV_${event.toUpperCase()}`] ?? 0n) >= n;
      if (Object.entries(wanted).every(seen)) machine?.stop();
    },
  });
}

/** "use after free: read of 4 bytes ...", for the message of an assertion. */
export function said({ violations }: StormRow): string {
  return violations.map(({ property, detail }) => `${property}: ${detail}`).join("; ");
}

export function properties({ violations }: StormRow): string[] {
  return [...new Set(violations.map(({ property }) => property))];
}

export function violation({ violations }: StormRow, property: string): Violation | undefined {
  return violations.find((one) => one.property === property);
}
