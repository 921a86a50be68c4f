// SPDX-License-Identifier: GPL-2.0-only
/**
 * The read section that is timed: enter, test the pointer, read one word through it, exit.
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
 */
import { __READ_ONCE, READ_ONCE } from "../arch/wasm/atomic";
import { PERCPU_SCRATCH, this_cpu_ptr } from "../arch/wasm/percpu";
import { GATE_CLOSED } from "../gates/gate";
import { rcu_need_qs } from "../kernel/rcu/tree";

export const BURST: u32 = 8;

/** What the word behind the pointer holds while the context is alive. */
export const CONTEXT_ALIVE: u32 = 0xc0de0001;

const PERCPU_PENDING: usize = PERCPU_SCRATCH + 0x60; // {u32 half, u32 token}, behind what system calls use
const PENDING_NONE: u32 = 0;
const PENDING_ENTER: u32 = 1;
const PENDING_EXIT: u32 = 2;
const PENDING_NULL: u32 = 3;
const PENDING_BAD: u32 = 4;

// What finish_section_slowpath() says of the section that the loop stopped at.
export const SECTION_DONE: u32 = 0;
export const SECTION_CLOSED: u32 = 1;
export const SECTION_BAD: u32 = 2;

@unmanaged
export class section {
  @inline
  static leave(half: u32, token: u32): bool {
    const p = this_cpu_ptr(PERCPU_PENDING);
    store<u32>(p, half); // plain: the CPU's own scratch
    store<u32>(p, token, 4);
    return false;
  }

  /** One section by the fast paths; false leaves its other half pending. */
  @inline
  static fast<G extends Gate>(g: G, slot: usize): bool {
    const c = g.enter_fast();
    if (!g.enter_ok(c)) return section.leave(PENDING_ENTER, c);
    g.entered(c);
    const p = <usize>__READ_ONCE(slot); // once: some gates clear it while others are inside
    if (p === 0) return section.leave(PENDING_NULL, c);
    if (load<u32>(p) !== CONTEXT_ALIVE) return section.leave(PENDING_BAD, c);
    const s = g.exit_fast(c);
    if (!g.exit_ok(s)) return section.leave(PENDING_EXIT, s);
    g.exited(s);
    return true;
  }

  @inline
  static burst<G extends Gate>(g: G, slot: usize): bool {
    return (
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot) &&
      section.fast<G>(g, slot)
    );
  }

  /**
   * The hot loop: up to `bursts` bursts, until a section stays pending or a grace period waits for
   * this CPU. Returns the bursts that are left, the one that was broken off counted as done.
   */
  @inline
  static run<G extends Gate>(g: G, slot: usize, bursts: u32): u32 {
    while (bursts !== 0) {
      bursts--;
      if (!section.burst<G>(g, slot)) break;
      if (rcu_need_qs()) break;
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
