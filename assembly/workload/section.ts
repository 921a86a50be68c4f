// SPDX-License-Identifier: GPL-2.0-only
/**
 * The read section that is timed: enter, test the pointer, read one word through it, keep it, exit.
 *
 * A burst is eight of them, unrolled: an engine checks for interrupts at each loop header, and one
 * check for eight sections hides in them.
 *
 * Rules:   S1  The hot loop holds no call and no branch on the gate: at the first section that a fast
 *              path cannot finish it ends, and leaves that section's other half pending.
 *          S2  finish_section_slowpath() does what is pending, once: whatever it says, the caller is
 *              outside afterwards, and every entry has had its exit.
 *          S3  It says CLOSED when the gate turned the caller away or the pointer was 0, BAD when a
 *              context was not alive inside the gate, DONE else.
 *          S4  The loop ends early when a grace period waits for this CPU.
 *          S5  Each section of a burst stands inside the one before, and says in memory alone that it went
 *              wrong: the way through falls through. A baseline compiler jumps over what stands behind an
 *              `if`, and makes a value of each `&&`: 3 jumps a section, more than some gates cost.
 *          S6  The body stores what it read, as one that uses a context does. No load moves over a store:
 *              each section reads the pointer and the word anew, whatever its gate is.
 */
import { __READ_ONCE, READ_ONCE } from "../arch/wasm/atomic";
import { PERCPU_SCRATCH, this_cpu_ptr } from "../arch/wasm/percpu";
import { GATE_CLOSED } from "../gates/gate";
import { rcu_qs_hint } from "../kernel/rcu/tree";
import { CONTEXT_ALIVE, device_gate, device_slot } from "./bench_device";

export const BURST: u32 = 8;

const PERCPU_PENDING: usize = PERCPU_SCRATCH + 0x60; // {u32 half, u32 token}, behind what system calls use
export const PERCPU_WORD: usize = PERCPU_PENDING + 8; // what the body read
const PENDING_NONE: u32 = 0;
const PENDING_ENTER: u32 = 1;
const PENDING_EXIT: u32 = 2;
const PENDING_NULL: u32 = 3;
const PENDING_BAD: u32 = 4;

// What finish_section_slowpath() says of the section that the loop stopped at.
export const SECTION_DONE: u32 = 0;
export const SECTION_CLOSED: u32 = 1;
export const SECTION_BAD: u32 = 2;

/** The end of a burst. */
@unmanaged
@final
class no_more {
  @inline
  sections<G extends Gate>(_g: G, _slot: usize): void {}
}

/** One section, and those of R. */
@unmanaged
@final
class one_and<R extends Rest> {
  @inline
  sections<G extends Gate>(g: G, slot: usize): void {
    section.and<G, R>(g, slot, changetype<R>(0));
  }
}

type FOUR = one_and<one_and<one_and<one_and<no_more>>>>;
type EIGHT = one_and<one_and<one_and<one_and<FOUR>>>>;

@unmanaged
export class section {
  @inline
  static leave(half: u32, token: u32): void {
    const p = this_cpu_ptr(PERCPU_PENDING);
    store<u32>(p, half); // plain: the CPU's own scratch
    store<u32>(p, token, 4);
  }

  /** Which half is pending. */
  @inline
  static pending(): u32 {
    return load<u32>(this_cpu_ptr(PERCPU_PENDING)); // plain: the CPU's own scratch
  }

  /**
   * One section by the fast paths, and inside of it, where it went well, the rest of its burst (S5).
   * Else its other half is pending.
   */
  @inline
  static and<G extends Gate, R extends Rest>(g: G, slot: usize, rest: R): void {
    const c = g.enter_fast();
    if (g.enter_ok(c)) {
      g.entered(c);
      const p = <usize>__READ_ONCE(slot); // once: some gates clear it while others are inside
      if (p !== 0) {
        const word = load<u32>(p);
        store<u32>(this_cpu_ptr(PERCPU_WORD), word); // S6; plain: the CPU's own scratch
        if (word === CONTEXT_ALIVE) {
          const s = g.exit_fast(c);
          if (g.exit_ok(s)) {
            g.exited(s);
            rest.sections<G>(g, slot);
            return;
          }
          section.leave(PENDING_EXIT, s);
          return;
        }
        section.leave(PENDING_BAD, c);
        return;
      }
      section.leave(PENDING_NULL, c);
      return;
    }
    section.leave(PENDING_ENTER, c);
  }

  /** One section by the fast paths; false leaves its other half pending. */
  @inline
  static fast<G extends Gate>(g: G, slot: usize): bool {
    section.and<G, no_more>(g, slot, changetype<no_more>(0));
    return section.pending() === PENDING_NONE;
  }

  /**
   * The hot loop: up to `bursts` bursts, until a section stays pending or a grace period waits for
   * this CPU. Returns the bursts that are left, the one that was broken off counted as done.
   *
   * @param user - address of a word that holds the device. Each burst finds it anew, as a system call
   *               does: what is from outside a loop a baseline compiler keeps in the frame.
   */
  @inline
  static run<G extends Gate>(user: usize, bursts: u32): u32 {
    while (bursts !== 0) {
      const device = <usize>__READ_ONCE(user);
      changetype<EIGHT>(0).sections<G>(changetype<G>(device_gate(device)), device_slot(device));
      bursts--;
      if ((section.pending() | rcu_qs_hint()) !== PENDING_NONE) break;
    }
    return bursts;
  }
}

/** True when what is pending is an entry that was not granted at once. */
export function entry_is_pending(): bool {
  return load<u32>(this_cpu_ptr(PERCPU_PENDING)) === PENDING_ENTER; // plain: the CPU's own scratch
}

export function exit_section<G extends Gate>(g: G, cookie: u32): void {
  const s = g.exit_fast(cookie);
  if (g.exit_ok(s)) g.exited(s);
  else g.exit_slowpath(s);
}

/** Finishes the section that the hot loop left pending, if any. Context: sleeps where the gate does. */
export function finish_section_slowpath<G extends Gate>(g: G, slot: usize): u32 {
  const pending = this_cpu_ptr(PERCPU_PENDING);
  const half = load<u32>(pending); // plain: the CPU's own scratch
  let cookie = load<u32>(pending, 4);
  store<u32>(pending, PENDING_NONE);
  if (half === PENDING_NONE) return SECTION_DONE;
  if (half === PENDING_EXIT) {
    g.exit_slowpath(cookie);
    return SECTION_DONE;
  }
  let result = half === PENDING_BAD ? SECTION_BAD : SECTION_CLOSED;
  if (half === PENDING_ENTER) {
    cookie = g.enter_slowpath(cookie);
    if (cookie === GATE_CLOSED) return SECTION_CLOSED;
    const p = READ_ONCE(slot);
    if (p !== 0) result = load<u32>(p) === CONTEXT_ALIVE ? SECTION_DONE : SECTION_BAD;
  }
  exit_section<G>(g, cookie);
  return result;
}
