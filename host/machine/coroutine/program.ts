// SPDX-License-Identifier: GPL-2.0-only
/** What the threads of a coroutine machine do: calls of the kernel's exports, one after the other. */

import type { BareGate } from "../gate-parts.ts";
import type { ObjectKind } from "../heap-kinds.ts";
import type { Part } from "../parts.ts";
import type { CoroutineMachine } from "./machine.ts";
import type { Violation } from "./violation.ts";

/** What an earlier call of the thread returned, and kept under this name. */
export interface Ref {
  readonly ref: string;
}

export type Argument = number | bigint | Ref;

export interface Call {
  readonly fn: string;
  readonly args?: readonly Argument[];
  /** Name under which the result is kept; at most KEPT_WORDS of a thread. */
  readonly keep?: string;
  /** Results that are right; without it any is. */
  readonly expect?: readonly number[];
  /** Made only if what is kept under this name is not negative. */
  readonly unlessFailed?: string;
}

export interface Thread {
  readonly name: string;
  readonly calls: readonly Call[];
  /** Begins again at its first call, for ever. */
  readonly forever?: boolean;
  /**
   * Threads with the same number are interchangeable: they do the same, and nothing that they do depends
   * on which CPU they are on. States that differ in which of them did it are one.
   */
  readonly alike?: number;
}

/** The state that a step led to, as a program looks at it. */
export interface Reached {
  readonly machine: CoroutineMachine;
  canRun(thread: number): boolean;
  ended(thread: number): boolean;
}

export interface Program {
  readonly threads: readonly Thread[];
  /**
   * What was seen, in words: asked when all have ended, before the calls of the end. It may make calls
   * of its own, and finds what a thread keeps where it was kept.
   */
  readonly outcome?: (machine: CoroutineMachine) => string;
  /** Made when all have ended, on CPU 0. */
  readonly end: readonly Call[];
  /** Looks at the memory after the end. @throws Violation */
  readonly audit?: (machine: CoroutineMachine) => void;
  /** Asked of the start, and of the state behind each step. @returns what is to be told of it, which ends the schedule */
  readonly watch?: (state: Reached) => Violation | null;
  /** Gate whose state lies in a cxl_memdev, for the names of what is there. */
  readonly gate?: string | null;
  /** Devices of a gate without a driver, for the names of what is there. */
  readonly bare?: readonly BareGate[];
  /** What else has a name, by address. */
  readonly named?: readonly Part[];
  /** What objects are that the scenario makes for itself: its record, what that leads to. */
  readonly kinds?: readonly ObjectKind[];
}

export function ref(name: string): Ref {
  return { ref: name };
}

export function isRef(argument: Argument): argument is Ref {
  return typeof argument === "object";
}
