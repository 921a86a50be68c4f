// SPDX-License-Identifier: GPL-2.0-only
/** What to say when a deadline has passed: which CPU waits where, and for how long. */
import type { Cpu, Request } from "./cpu.ts";
import { type Inspected, readTask } from "./inspect.ts";

function describeCpu(machine: Inspected, cpu: Cpu): string {
  const call = cpu.inFlight;
  const task = readTask(machine, cpu.number);
  const doing =
    call === null
      ? "idle"
      : `in ${call.what} for ${((performance.now() - cpu.sinceMs) / 1000).toFixed(1)} s`;
  const parts = [doing];
  if (task !== null) {
    parts.push(task.state);
    if (task.waitedMs > 0) {
      const seconds = (task.waitedMs / 1000).toFixed(1);
      parts.push(`${task.wait} on 0x${task.object.toString(16)} for ${seconds} s`);
    }
    parts.push(`progress ${task.progress}`);
  }
  return `  CPU ${cpu.number}: ${parts.join(", ")}`;
}

export function describeStall(
  machine: Inspected,
  cpus: readonly Cpu[],
  late: number,
  request: Request,
): string {
  const gate = request.gate === null ? "" : `, gate ${request.gate}`;
  const head = `${request.what} on CPU ${late}${gate} passed its deadline of ${request.deadlineMs} ms`;
  return [head, ...cpus.map((cpu) => describeCpu(machine, cpu))].join("\n");
}
