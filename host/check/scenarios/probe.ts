// SPDX-License-Identifier: GPL-2.0-only
/** A program that watches for a state, and what such a program can see of the driver. */
import type { KernelAbi } from "../../abi/kernel.ts";
import type { CoroutineMachine } from "../../machine/coroutine/machine.ts";
import type { Program, Reached, Thread } from "../../machine/coroutine/program.ts";
import { FIELD, STATUS } from "../../machine/coroutine/regions.ts";
import { Violation } from "../../machine/coroutine/violation.ts";
import type { SetUp } from "../scenario.ts";

/** What a watch throws: no property is broken, a state that somebody spoke of is reached. */
export const REACHED = "reached";

export interface Probe {
  readonly name: string;
  readonly threads: readonly string[];
  readonly build: (on: SetUp, driver: number) => Program;
}

export function watchFor(
  detail: string,
  is: (state: Reached) => boolean,
): NonNullable<Program["watch"]> {
  return (state) => (is(state) ? new Violation(REACHED, detail) : null);
}

/** Whether the thread is in its call number `call`, from 0 on. */
export function isIn(state: Reached, thread: number, call: number): boolean {
  return !state.ended(thread) && state.machine.regions.get(thread, FIELD.call) === call;
}

export function sleeps({ machine: { regions } }: Reached, thread: number): boolean {
  return regions.get(thread, FIELD.status) === STATUS.waiting;
}

/** Sleeps until the clock says so, or somebody wakes it: of all sleepers the one at the mailbox. */
export function sleepsForMailbox(state: Reached, thread: number): boolean {
  return sleeps(state, thread) && state.machine.regions.get(thread, FIELD.deadline) > 0;
}

/** The number of a call in a thread's script. */
export function callNumber({ calls }: Thread, fn: string): number {
  return calls.findIndex((call) => call.fn === fn);
}

/** The only memdev there is, or null. */
export function liveMemdev({ heap, abi }: CoroutineMachine): number | null {
  const type = abi.constant("SLAB_CXL_MEMDEV");
  return heap.live().find((object) => object.type === type)?.base ?? null;
}

function wordAt({ words }: CoroutineMachine, address: number): number {
  return words[address >>> 2] as number;
}

function inMemdev(abi: KernelAbi, part: "DEV" | "CDEV", field: string): number {
  return abi.constant(`OFFSETOF_CXL_MEMDEV_${part}`) + abi.constant(`OFFSETOF_${field}`);
}

/** References on the memdev's device. */
export function deviceRefs(machine: CoroutineMachine, memdev: number): number {
  return wordAt(machine, memdev + inMemdev(machine.abi, "DEV", "DEVICE_KOBJ_REF"));
}

/** Whether device_add() of the memdev has succeeded, and device_del() has not begun. */
export function isRegistered(machine: CoroutineMachine, memdev: number): boolean {
  const state = wordAt(machine, memdev + inMemdev(machine.abi, "DEV", "DEVICE_STATE"));
  const { abi } = machine;
  const both = abi.constant("DEVICE_REGISTERED") | abi.constant("DEVICE_DEAD");
  return (state & both) === abi.constant("DEVICE_REGISTERED");
}

/** Whether an id is taken. */
export function isIdTaken(machine: CoroutineMachine, id: number): boolean {
  const bitmap = machine.abi.constant("CXL_MEMDEV_IDA_BITMAP");
  return ((wordAt(machine, bitmap + 4 * Math.floor(id / 32)) >>> (id % 32)) & 1) === 1;
}

/** Grace periods that have ended, as far as a difference goes. */
export function gracePeriods(machine: CoroutineMachine): number {
  return wordAt(machine, machine.abi.constant("RCU_COMPLETED"));
}
