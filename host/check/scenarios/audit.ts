// SPDX-License-Identifier: GPL-2.0-only
/** What a scenario must have given back when all is closed and removed. */
import type { CoroutineMachine } from "../../machine/coroutine/machine.ts";
import type { Program } from "../../machine/coroutine/program.ts";
import { Violation } from "../../machine/coroutine/violation.ts";
import type { SetUp } from "../scenario.ts";

/** Exports that an audit calls. */
export const AUDIT_ROOTS = ["ida_count", "percpu_used"];

/** Device numbers and per-CPU bytes in use. */
function counted(machine: CoroutineMachine): [what: string, count: number][] {
  const ids = machine.call("ida_count", machine.abi.constant("CXL_MEMDEV_IDA"));
  return [
    ["device number", Number(ids)],
    ["per-CPU byte", Number(machine.call("percpu_used"))],
  ];
}

function leak(what: string, count: number, address: number): Violation {
  const detail = `${count} × ${what} still allocated once all is closed and removed`;
  return new Violation("leak", detail, address);
}

/** The objects that are live now and were not before: none may be. */
function checkObjects(machine: CoroutineMachine, before: ReadonlySet<number>): void {
  const left = machine.heap.live().filter(({ base }) => !before.has(base));
  const [first] = left;
  if (first === undefined) return;
  const name = machine.abi.nameOf("SLAB_", first.type).replace("SLAB_", "");
  const count = left.filter(({ type }) => type === first.type).length;
  throw leak(name.toLowerCase().replaceAll("_", " "), count, first.base);
}

/** The audit of a program whose objects are yet to be made: what is in use then is in use now. */
export function nothingLeft({ machine }: SetUp): NonNullable<Program["audit"]> {
  const before = new Set(machine.heap.live().map(({ base }) => base));
  const countedBefore = new Map(counted(machine));
  return (after) => {
    checkObjects(after, before);
    for (const [what, count] of counted(after)) {
      const extra = count - (countedBefore.get(what) ?? 0);
      if (extra !== 0) throw leak(what, extra, 0);
    }
  };
}
