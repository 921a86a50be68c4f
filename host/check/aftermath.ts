// SPDX-License-Identifier: GPL-2.0-only
/** How things stand when a schedule has ended: who sleeps, what locks hold, where objects came from. */

import type { Deed } from "../machine/coroutine/heap.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import { FIELD } from "../machine/coroutine/regions.ts";
import { readTask } from "../machine/inspect.ts";
import type { Lock, LockClass } from "../machine/lock-classes.ts";
import { describeLock } from "../machine/lock-text.ts";
import { readLock } from "../machine/locks.ts";
import { waitText } from "../machine/waits.ts";
import type { Draft } from "./draft.ts";
import type { Names } from "./names.ts";

/** Nearly every schedule comes by them; but a scenario's own record is what it is about. */
const UNTOLD_WHEN_FREE: ReadonlySet<LockClass> = new Set(["spinlock", "gp_lock"]);

/** What a thread waits for, in words: "waits to write-lock rwsem sem"; null where the kernel noted nothing. */
export function waitOf({ machine, threads }: Interleaver, names: Names, thread: number) {
  const memory = { buffer: machine.words.buffer } as WebAssembly.Memory;
  const task = readTask({ kernel: machine.abi, memory, cpus: threads }, thread);
  return task === null ? null : waitText(task, (address) => names.target(address));
}

/** A line for each thread that sleeps: "writer in down_write(): waits to write-lock rwsem sem". */
export function sleeperLines(on: Interleaver, names: Names): string[] {
  const { machine, program } = on;
  return on.sleepers().map(({ thread, address, changed }) => {
    const call = program.threads[thread]?.calls[machine.regions.get(thread, FIELD.call)];
    const word = names.name(address);
    const what = waitOf(on, names, thread) ?? `waits on ${word}`;
    const late = changed ? `; ${word} has changed since: ${names.value(address, 4)}` : "";
    return `${names.threads[thread]} in ${call?.fn ?? "a call"}(): ${what}${late}`;
  });
}

/** What the locks and counts say that the steps touched, in the order in which they came up. */
export function lockLines(on: Interleaver, names: Names, steps: readonly Draft[]): string[] {
  const locks = new Map<string, Lock>();
  for (const { address } of steps) {
    const { lock } = names.place(address);
    if (lock !== null && !locks.has(lock.name)) locks.set(lock.name, lock);
  }
  const { abi, heap, words } = on.machine;
  const view = new DataView(words.buffer);
  const record = on.program.kinds?.find(({ at }) => at !== undefined)?.at ?? null;
  return [...locks.values()].flatMap((lock) => {
    const object = heap.objectAt(lock.base);
    if (object?.live === false) return [`${lock.name}: freed`];
    const values = readLock(abi, view, names.layouts, lock);
    const isOwn = record !== null && object?.base === record;
    if (UNTOLD_WHEN_FREE.has(lock.class) && values["word"] === 0 && !isOwn) return [];
    return describeLock(abi, lock.name, lock.class, values);
  });
}

/** Where the object at `address` was allocated, and where it was freed. */
export function originLines(on: Interleaver, names: Names, address: number): string[] {
  const { heap } = on.machine;
  const object = heap.objectAt(address);
  if (object === null) return [];
  const name = names.target(object.base);
  const line = (did: string, deed: Deed | undefined) => {
    if (deed === undefined) return [];
    const who = deed.thread === on.threads ? "the set-up" : names.threads[deed.thread];
    return [`${name} ${did} by ${who}: ${names.site(deed.site)}`];
  };
  const freed = object.live ? undefined : heap.freed.get(object.base);
  return [...line("allocated", heap.allocated.get(object.base)), ...line("freed", freed)];
}
