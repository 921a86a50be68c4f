// SPDX-License-Identifier: GPL-2.0-only
/** Storms short enough for a test. */

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
