// SPDX-License-Identifier: GPL-2.0-only
/**
 * How many states a configuration is likely to have: those that are likely to take long are begun first,
 * and the progress bar goes by it. A figure that is wrong costs time, and nothing else.
 */
import type { SuiteEntry } from "./scenarios/table.ts";

/** In thousands, of two threads or of the variant's own. */
const SCENARIOS: Readonly<Record<string, number>> = {
  ...{ removal: 20, "add-fails": 15, readd: 55, mailbox: 25, "two-removers": 1 },
  "add-fails/device_add": 58,
  "add-fails/devm": 60,
  "mailbox/early": 40,
  "srcu/reader-updater-synchronizer": 140,
  "srcu-fast/reader-reader-updater": 185,
  "percpu_ref/user-atomizer-synchronizer": 240,
  "revocable/use-use-revoke": 95,
  "rwsem/reader-reader-writer": 72,
  "ldsem/writer-writer-reader": 46,
  "ldsem/release": 85,
};
/** A gate by itself. */
const BARE = 1;
const OTHERS = 10;

/** A driver with it has so many times the states of another. */
const GATES: Readonly<Record<string, number>> = {
  percpu_rwsem: 25,
  percpu_ref: 8,
  srcu_fast: 6,
  revocable: 3,
  srcu: 2,
};
/** A control ends at its first violation. */
const CONTROL = 1;
const THREAD_MORE = 30;

export function likelyStates({ scenario, driver, variant }: SuiteEntry): number {
  if (variant.expected === "violated") return CONTROL * 1000;
  const { name } = scenario;
  const others = driver?.revision === null ? BARE : OTHERS;
  const known = SCENARIOS[`${name}/${variant.name}`] ?? SCENARIOS[name] ?? others;
  if (driver === null) return known * 1000;
  const factor = GATES[driver.gate ?? driver.revision ?? ""] ?? 1;
  return known * 1000 * factor * THREAD_MORE ** Math.max(variant.threads.length - 2, 0);
}
