// SPDX-License-Identifier: GPL-2.0-only
/** Where a thread stands, and what it has passed since it began to go on, in a schedule's words. */
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
  /** Addresses of the accesses made in this segment, by what they are. */
  readonly #passed = new Map<string, number[]>();
  /** Addresses that threads have stored to since the start, by thread and field. */
  readonly #stored = new Map<string, number[]>();

  constructor(on: Interleaver, names: Names) {
    this.#on = on;
    this.#names = names;
  }

  /** Nobody has done anything. */
  restart(): void {
    this.#stored.clear();
    this.#on.machine.observer = this;
  }

  /** A segment begins. */
  begin(): void {
    this.#passed.clear();
    this.#on.machine.observer = this;
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
    if (operation !== null) append(this.#passed, keyOf(operation), address);
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
    return { ...operation, nth: (this.#passed.get(keyOf(operation))?.length ?? 0) + 1 };
  }

  /**
   * Whether the thread went through `place` without standing there. Then the word is one that others may
   * notice from now on, so that the next run stops there.
   *
   * @returns null when it did not; else whether the next run will
   */
  hasPassed(place: Place): boolean | null {
    const address = this.#passed.get(keyOf(place))?.[place.nth - 1];
    if (address === undefined) return null;
    return this.#contend(address);
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
