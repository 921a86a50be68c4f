// SPDX-License-Identifier: GPL-2.0-only
/**
 * A function as a list of items without structure: straight code, labels and jumps, and the points at
 * which a thread may be taken off. Between two labels the code is the compiler's own; at each label the
 * operand stack is empty, what was on it being in temporaries, so that any label can be entered from
 * outside. flatten.ts makes it.
 */
import type { Instruction } from "./instructions.ts";

/** A place that can be jumped to. */
export interface Label {
  /** Position in the order of labels, set when the label is put down. */
  order: number;
}

/** Where a thread may be taken off: before an access, or while a callee is. */
export interface Point {
  /** From 1 on, in the function. */
  readonly number: number;
  /** Behind the access's hook, or the call: where the thread goes on. */
  readonly label: Label;
  /** Local that holds the callee's result; null for an access, or a call without one. */
  readonly result: number | null;
}

export type Item =
  | { readonly kind: "code"; readonly bytes: ArrayLike<number>; use: number; def: number }
  | { readonly kind: "label"; readonly label: Label }
  | { readonly kind: "jump"; readonly label: Label }
  /** Takes an i32: jumps if it is not 0. */
  | { readonly kind: "jumpIf"; readonly label: Label }
  /** Takes an i32, the index. */
  | { readonly kind: "table"; readonly labels: readonly Label[] }
  /** Leaves an i32: the address of the frame of what is called at `point`. */
  | { readonly kind: "frame"; readonly point: Point }
  /** Takes an i32: if it is not 0 the thread is saved at `point`, and the function returns. */
  | { readonly kind: "suspend"; readonly point: Point; readonly innermost: boolean }
  /** return, unreachable: nothing follows. */
  | { readonly kind: "end"; readonly bytes: ArrayLike<number> };

/** What stands before an access, or instead of a call: made by the pass. */
export interface Emitter {
  /** Index of a temporary of the type `type`; `role` tells several apart. */
  temp(role: string, type: number): number;
  get(local: number): void;
  set(local: number): void;
  raw(...bytes: number[]): void;
  /** As raw(), of bytes that stay as they are. */
  copy(bytes: ArrayLike<number>): void;
  /** A new point; suspend() puts it down. */
  point(result: number | null): Point;
  /** The address of the callee's frame at `point`, on the stack. */
  frame(point: Point): void;
  suspend(point: Point, innermost: boolean): void;
  /** Whether nothing is on the stack below the operands. */
  readonly bare: boolean;
  /** Moves what is on the stack below the operands, which are in temporaries by now, out of the way. */
  spill(): void;
  /** Puts it back. */
  refill(): void;
}

/** What the pass does at the instructions that it is about. */
export interface Weaver {
  /** Operands are on the stack; to be emitted: the same effect. */
  access(instruction: Instruction, emit: Emitter): void;
  /** Arguments are on the stack; to be emitted: the same effect, for the call at `at`. */
  call(callee: number, emit: Emitter, at: number): void;
}

export interface Flow {
  readonly items: readonly Item[];
  readonly points: readonly Point[];
  /** Value types of all locals but those that the pass appends to the parameters, by new index. */
  readonly localTypes: readonly number[];
  readonly labels: number;
}

/** The frame's address and the point to go on at: two parameters more. */
export const EXTRA_PARAMS = 2;
