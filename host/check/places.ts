// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a thread stands, and what it has passed since it began to go on, in a schedule's words. Its first
 * turn counts from its start on: how far it goes before that depends on what is known to be contended.
 */
import type { Site } from "../instrument/sites.ts";
import { ACCESS } from "../machine/coroutine/access-table.ts";
import type { Interleaver } from "../machine/coroutine/interleaver.ts";
import type { Observer } from "../machine/coroutine/observer.ts";
import { FIELD, STATUS } from "../machine/coroutine/regions.ts";
import type { Names } from "./names.ts";
import type { Place } from "./schedule.ts";

/** The short name of an access: xchg, cmpxchg, load. */
function accessWord({ kind, what }: Site): string {
  if (kind === "call") return what === "kfree" ? "free" : "clock";
  return /rmw\d*\.([a-z]+)/.exec(what)?.[1] ?? (kind.split(" ").at(-1) as string);
}

type Operation = Omit<Place, "nth">;

function keyOf({ fn, access, field }: Operation): string {
  return `${fn}:${access}.${field}`;
}

export class Places implements Observer {
  readonly #on: Interleaver;
  readonly #names: Names;
  /** By thread: addresses of the accesses that it made in its last segment, by what they are. */
  readonly #passed: readonly Map<string, number[]>[];
  /** Threads that have had no turn. */
  readonly #early = new Set<number>();
  /** Addresses that threads have stored to since the start, by thread and field. */
  readonly #stored = new Map<string, number[]>();

  constructor(on: Interleaver, names: Names) {
    this.#on = on;
    this.#names = names;
    this.#passed = Array.from({ length: on.threads }, () => new Map());
  }

  /** The threads are about to begin. */
  restart(): void {
    this.#stored.clear();
    for (const [thread, passed] of this.#passed.entries()) {
      passed.clear();
      this.#early.add(thread);
    }
    this.#on.machine.observer = this;
  }

  /** A segment of the thread begins. @returns whether that is its first */
  begin(thread: number): boolean {
    this.#on.machine.observer = this;
    const isFirst = this.#early.delete(thread);
    if (!isFirst) this.#passed[thread]?.clear();
    return isFirst;
  }

  access(address: number, bits: number, site: number): void {
    const operation = this.#pass(site, address);
    if (operation === null || (bits & ACCESS.buffered) === 0) return;
    append(this.#stored, `${this.#on.machine.running} ${operation.field}`, address);
  }

  event(what: string, address: number, _value: number, site = 0): void {
    if (what === "frees") this.#pass(site, address);
  }

  #pass(site: number, address: number): Operation | null {
    const operation = this.#operation(site, address);
    const passed = this.#passed[this.#on.machine.running];
    if (operation !== null && passed !== undefined) append(passed, keyOf(operation), address);
    return operation;
  }

  #operation(site: number, address: number): Operation | null {
    const found = this.#on.machine.sites[site - 1];
    if (found === undefined) return null;
    const fn = this.#names.where(site).fn.replace(/\W/g, "_");
    return { fn, access: accessWord(found), field: this.#names.field(address) };
  }

  /** The access that a thread stands before; null for one that sleeps or has ended. */
  standing(thread: number): Place | null {
    const { regions } = this.#on.machine;
    if (regions.get(thread, FIELD.status) !== STATUS.ready) return null;
    const [site, address] = [regions.get(thread, FIELD.site), regions.get(thread, FIELD.address)];
    const operation = this.#operation(site, address);
    if (operation === null) return null;
    const passed = this.#passed[thread]?.get(keyOf(operation));
    return { ...operation, nth: (passed?.length ?? 0) + 1 };
  }

  /**
   * Whether the thread went through `place` without standing there. Then the word is one that others may
   * notice from now on, so that the next run stops there.
   *
   * @returns null when it did not; else whether the next run will
   */
  hasPassed(thread: number, place: Place): boolean | null {
    const address = this.#passed[thread]?.get(keyOf(place))?.[place.nth - 1];
    if (address === undefined) return null;
    if (this.#contend(address)) return true;
    // A thread stops before a store when its buffer is full, and so much need not wait here.
    return place.access === "store" && this.#on.machine.tracked.knowledge.stopAt(address >>> 2);
  }

  /** What the thread has stored to fields of this name may wait in its buffer from the next run on. */
  letStoresWait(thread: number, field: string): void {
    for (const address of this.#stored.get(`${thread} ${field}`) ?? []) this.#contend(address);
  }

  /** @returns whether that is new */
  #contend(address: number): boolean {
    return this.#on.machine.tracked.knowledge.contend(address >>> 2);
  }
}

function append(to: Map<string, number[]>, key: string, address: number): void {
  const addresses = to.get(key);
  if (addresses === undefined) to.set(key, [address]);
  else addresses.push(address);
}

export function isSamePlace(a: Place, b: Place): boolean {
  return a.nth === b.nth && keyOf(a) === keyOf(b);
}
