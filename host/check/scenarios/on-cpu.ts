// SPDX-License-Identifier: GPL-2.0-only
/** Kernel work of a CPU that is otherwise in user mode. */
import type { Call } from "../../machine/coroutine/program.ts";

/** `calls` as an online CPU: one that grace periods wait for. */
export function onCpu(...calls: readonly Call[]): Call[] {
  return [{ fn: "cpu_enter" }, ...calls, { fn: "cpu_leave" }];
}
