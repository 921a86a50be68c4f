// SPDX-License-Identifier: GPL-2.0-only
/**
 * Small pieces for tests of the gates: a guest that stays inside until told, CPUs that go in and out
 * until they are turned away, and a removal that looks at what they did.
 *
 * All work on a device of bench_device.ts. After kill() a test may spoil the context, as a driver that
 * frees it would: who is inside then notices.
 */
import { READ_ONCE, smp_store_release, WRITE_ONCE } from "../arch/wasm/atomic";
import { EINVAL } from "../arch/wasm/errno";
import { BODY_MAY_SLEEP, GATE_CLOSED } from "../gates/gate";
import { rcu_qs } from "../kernel/rcu/tree";
import { bench_device_kill, CONTEXT_ALIVE, device_gate, device_slot } from "./bench_device";
import { dispatch_contender, NO_SUCH_CONTENDER } from "./contenders";
import { await_change, should_stop } from "./rendezvous";
import { entry_is_pending, finish_section_slowpath, section } from "./section";

/** gate_guest.state */
export const GUEST_INSIDE: u32 = 1;
export const GUEST_TURNED_AWAY: u32 = 2;

/** What a guest found behind the pointer. */
export const FOUND_NULL: u32 = 0;
export const FOUND_ALIVE: u32 = 1;
export const FOUND_SPOILT: u32 = 2;

/** What a spoilt context holds. */
const CONTEXT_SPOILT: u32 = 0xdeadc0de;
const DWELL: u32 = 50; // looks at the context in one visit

/** One a CPU, in host memory, zeroed by the host but for the first two. */
@unmanaged
@final
class gate_guest {
  contender: u32;
  device: u32;
  /** 0 until the gate has answered. */
  state: u32;
  /** Set by the host: time to go. */
  leave: u32;
  found_at_entry: u32;
  /** FOUND_NULL if it was that at entry; else of what the pointer pointed to then. */
  found_at_exit: u32;
  /** gate_churn(): visits, counted inside, by plain stores. */
  visits: u32;
  /** gate_churn(): visits in which the context was spoilt. */
  spoilt: u32;
}

export const SIZEOF_GATE_GUEST: u32 = offsetof<gate_guest>();
export const OFFSETOF_GATE_GUEST_CONTENDER: u32 = offsetof<gate_guest>("contender");
export const OFFSETOF_GATE_GUEST_DEVICE: u32 = offsetof<gate_guest>("device");
export const OFFSETOF_GATE_GUEST_STATE: u32 = offsetof<gate_guest>("state");
export const OFFSETOF_GATE_GUEST_LEAVE: u32 = offsetof<gate_guest>("leave");
export const OFFSETOF_GATE_GUEST_FOUND_AT_ENTRY: u32 = offsetof<gate_guest>("found_at_entry");
export const OFFSETOF_GATE_GUEST_FOUND_AT_EXIT: u32 = offsetof<gate_guest>("found_at_exit");
export const OFFSETOF_GATE_GUEST_VISITS: u32 = offsetof<gate_guest>("visits");
export const OFFSETOF_GATE_GUEST_SPOILT: u32 = offsetof<gate_guest>("spoilt");

function state_of(guest: gate_guest): usize {
  return changetype<usize>(guest) + offsetof<gate_guest>("state");
}

function leave_of(guest: gate_guest): usize {
  return changetype<usize>(guest) + offsetof<gate_guest>("leave");
}

function found(context: usize): u32 {
  if (context === 0) return FOUND_NULL;
  return READ_ONCE(context) === CONTEXT_ALIVE ? FOUND_ALIVE : FOUND_SPOILT;
}

/** Enters by the gate's own contract. Returns the cookie or GATE_CLOSED. */
function enter<G extends Gate>(g: G): u32 {
  const cookie = g.enter_fast();
  if (!g.enter_ok(cookie)) return g.enter_slowpath(cookie);
  g.entered(cookie);
  return cookie;
}

function leave<G extends Gate>(g: G, cookie: u32): void {
  const s = g.exit_fast(cookie);
  if (g.exit_ok(s)) g.exited(s);
  else g.exit_slowpath(s);
}

@unmanaged
@final
class visit_op {
  run<G extends Gate>(): i32 {
    const guest = changetype<gate_guest>(this);
    const g = changetype<G>(device_gate(guest.device));
    const cookie = enter<G>(g);
    if (cookie === GATE_CLOSED) {
      smp_store_release(state_of(guest), GUEST_TURNED_AWAY);
      return 0;
    }
    const context = <usize>READ_ONCE(device_slot(guest.device));
    guest.found_at_entry = found(context);
    smp_store_release(state_of(guest), GUEST_INSIDE);
    while (READ_ONCE(leave_of(guest)) === 0) {
      if (g.body() === BODY_MAY_SLEEP) await_change(leave_of(guest), 0);
    }
    guest.found_at_exit = found(context);
    leave<G>(g, cookie);
    return 0;
  }
}

@unmanaged
@final
class churn_op {
  /** Returns false once the device is closed. */
  visit<G extends Gate>(guest: gate_guest, g: G): bool {
    const cookie = enter<G>(g);
    if (cookie === GATE_CLOSED) return false;
    const context = <usize>READ_ONCE(device_slot(guest.device));
    let sound = true;
    for (let i: u32 = 0; i < DWELL && context !== 0; i++) sound = found(context) === FOUND_ALIVE;
    if (!sound) guest.spoilt++;
    if (context !== 0) guest.visits++; // plain: O1 is that the remover sees it
    leave<G>(g, cookie);
    return context !== 0;
  }

  run<G extends Gate>(): i32 {
    const guest = changetype<gate_guest>(this);
    const g = changetype<G>(device_gate(guest.device));
    while (this.visit<G>(guest, g) && !should_stop()) rcu_qs();
    return 0;
  }
}

@unmanaged
@final
class enter_op {
  run<G extends Gate>(): i32 {
    return enter<G>(changetype<G>(device_gate(changetype<usize>(this))));
  }
}

@unmanaged
@final
class leave_op {
  run<G extends Gate>(): i32 {
    const guest = changetype<gate_guest>(this);
    leave<G>(changetype<G>(device_gate(guest.device)), guest.state); // plain: the caller's own
    return 0;
  }
}

@unmanaged
@final
class sections_op {
  /** As the benchmarks do: the hot loop, then what it left pending. visits: the bursts asked for. */
  run<G extends Gate>(): i32 {
    const guest = changetype<gate_guest>(this);
    const g = changetype<G>(device_gate(guest.device));
    const slot = device_slot(guest.device);
    guest.visits = section.run<G>(
      changetype<usize>(guest) + offsetof<gate_guest>("device"),
      guest.visits,
    ); // plain: the caller's own
    guest.state = entry_is_pending() ? 1 : 0;
    return finish_section_slowpath<G>(g, slot);
  }
}

function known(rc: i32): i32 {
  return rc === NO_SUCH_CONTENDER ? -EINVAL : 0;
}

/** Enters, says what it found, and stays inside until told to go. @returns 0 or -EINVAL. Sleeps. */
export function gate_visit(p: usize): i32 {
  const guest = changetype<gate_guest>(p);
  return known(dispatch_contender<visit_op>(guest.contender, changetype<visit_op>(p)));
}

/** Goes in and out until the device is closed. @returns 0 or -EINVAL. Context: sleeps as the gate does. */
export function gate_churn(p: usize): i32 {
  const guest = changetype<gate_guest>(p);
  return known(dispatch_contender<churn_op>(guest.contender, changetype<churn_op>(p)));
}

/** Enters and returns at once, inside. @returns the cookie of this entry, or GATE_CLOSED. */
export function gate_enter(contender: u32, device: usize): u32 {
  return dispatch_contender<enter_op>(contender, changetype<enter_op>(device));
}

/** Ends the entry whose cookie is in guest.state. Context: on any CPU. @returns 0 or -EINVAL */
export function gate_leave(p: usize): i32 {
  const guest = changetype<gate_guest>(p);
  return known(dispatch_contender<leave_op>(guest.contender, changetype<leave_op>(p)));
}

/**
 * Runs guest.visits bursts of read sections; leaves there how many are left, and in guest.state whether
 * an entry was left pending.
 *
 * @returns one of SECTION_*, or NO_SUCH_CONTENDER. Context: sleeps as the gate does.
 */
export function gate_sections(p: usize): i32 {
  const guest = changetype<gate_guest>(p);
  return dispatch_contender<sections_op>(guest.contender, changetype<sections_op>(p));
}

/** Visits of `n` guests so far, as the caller sees them by plain loads. */
export function gate_visits(guests: usize, n: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    sum += changetype<gate_guest>(guests + <usize>i * offsetof<gate_guest>()).visits; // plain: O1
  }
  return sum;
}

/**
 * Removes the device as a driver would: kills the gate, looks at what the guests did, and spoils the
 * context at once.
 *
 * @returns gate_visits() right after kill()
 * Context: sleeps. Ordering: O1 of gates/gate.ts is what it tests.
 */
export function gate_remove(contender: u32, device: usize, guests: usize, n: u32): u32 {
  const context = <usize>READ_ONCE(device_slot(device));
  bench_device_kill(contender, device);
  const seen = gate_visits(guests, n);
  WRITE_ONCE(context, CONTEXT_SPOILT);
  return seen;
}
