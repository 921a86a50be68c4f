// SPDX-License-Identifier: GPL-2.0-only
/**
 * A gate by itself, for check: entrants use what a pointer leads to, a remover kills the gate and frees
 * it. No driver is around it, so that there are as few states as the gate allows.
 *
 * Covers of gates/gate.ts: G1, G3, G4, O1 and O2 with entrants and a remover; G2 with entrants that come
 * twice; that devices do not mix with entrants of one and the remover of another; G3 also with a nester,
 * who is inside several times at once.
 *
 * A record is a device: the pointer, the object behind it and the gate's state. All are made of one gate.
 */
import { READ_ONCE } from "../../arch/wasm/atomic";
import { ENXIO } from "../../arch/wasm/errno";
import { PERCPU_KSTACK, this_cpu_ptr } from "../../arch/wasm/percpu";
import { BODY_MAY_SLEEP, BYTES_EMBEDDED, GATE_CLOSED } from "../../gates/gate";
import { dispatch_gate } from "../../gates/table";
import { rcu_qs } from "../../kernel/rcu/tree";
import { kfree, kzalloc, SLAB_MISC } from "../../mm/slab";
import { mortal_alloc, mortal_free, mortal_use } from "./mortal";
import { demand } from "./verdict";

/** (record, pointer) kill() returned, and the pointer still leads somewhere. */
export const VIOLATION_POINTER_SURVIVES_REMOVAL: u32 = 770;

/** Behind it, on a line of its own: the gate's state. */
@unmanaged
@final
class check_gate {
  /** The object; kill() clears it. */
  pointer: u32;
  gate: u32;
}

export const CHECK_GATE_STATE: u32 = 64;
export const OFFSETOF_CHECK_GATE_POINTER: u32 = offsetof<check_gate>("pointer");

function pointer_of(p: usize): usize {
  return p + offsetof<check_gate>("pointer");
}

function gate_of(p: usize): u32 {
  return changetype<check_gate>(p).gate; // plain: constant
}

function state_of<G extends Gate>(p: usize): G {
  return changetype<G>(p + CHECK_GATE_STATE);
}

// The ops below have the record as their `this`.

@unmanaged
@final
class bytes_op {
  run<G extends Gate>(): i32 {
    return changetype<G>(0).bytes(BYTES_EMBEDDED);
  }
}

@unmanaged
@final
class init_op {
  run<G extends Gate>(): i32 {
    return state_of<G>(changetype<usize>(this)).init();
  }
}

/** Returns the cookie of the entry, or GATE_CLOSED. */
function enter<G extends Gate>(g: G): u32 {
  const token = g.enter_fast();
  if (!g.enter_ok(token)) return g.enter_slowpath(token);
  g.entered(token);
  return token;
}

function leave<G extends Gate>(g: G, cookie: u32): void {
  const token = g.exit_fast(cookie);
  if (g.exit_ok(token)) g.exited(token);
  else g.exit_slowpath(token);
}

/** One entry. Returns 0, -EIO, or -ENXIO when the device is gone. */
function visit<G extends Gate>(p: usize): i32 {
  const g = state_of<G>(p);
  const cookie = enter<G>(g);
  if (cookie === GATE_CLOSED) return -ENXIO;
  let result: i32 = -ENXIO;
  const object = <usize>READ_ONCE(pointer_of(p));
  if (object !== 0) {
    if (g.body() === BODY_MAY_SLEEP) rcu_qs(); // what a sleep is to RCU: it may not end the entry
    result = mortal_use(object, pointer_of(p));
  }
  leave<G>(g, cookie);
  return result;
}

@unmanaged
@final
class visit_op {
  run<G extends Gate>(): i32 {
    return visit<G>(changetype<usize>(this));
  }
}

/** Where a nester keeps how often it is to enter, and behind it the cookies; at NEST_INNER the other device. */
function nest_word(i: u32): usize {
  return this_cpu_ptr(PERCPU_KSTACK) + ((<usize>i) << 2);
}

const NEST_INNER: u32 = 63;

@unmanaged
@final
class nest_op {
  /** Entries within one another, left in the order of entry. Returns as visit(). */
  run<G extends Gate>(): i32 {
    const p = changetype<usize>(this);
    const g = state_of<G>(p);
    const depth = load<u32>(nest_word(0)); // plain: the CPU's own, as are the next two
    let inside: u32 = 0;
    while (inside < depth) {
      const cookie = enter<G>(g);
      if (cookie === GATE_CLOSED) break;
      store<u32>(nest_word(++inside), cookie);
    }
    if (inside === 0) return -ENXIO;
    const inner = <usize>load<u32>(nest_word(NEST_INNER));
    let result: i32 = inner !== 0 ? visit<G>(inner) : 0;
    for (let i: u32 = 1; i <= inside; i++) {
      result |= mortal_use(<usize>READ_ONCE(pointer_of(p)), pointer_of(p));
      leave<G>(g, load<u32>(nest_word(i)));
    }
    return result;
  }
}

@unmanaged
@final
class kill_op {
  run<G extends Gate>(): i32 {
    const p = changetype<usize>(this);
    state_of<G>(p).kill(pointer_of(p));
    return 0;
  }
}

@unmanaged
@final
class destroy_op {
  run<G extends Gate>(): i32 {
    state_of<G>(changetype<usize>(this)).destroy();
    return 0;
  }
}

/** @returns a device with this gate, open; 0 when there is no memory. Context: runs alone. */
export function check_gate_init(gate: u32): usize {
  const bytes = dispatch_gate<bytes_op>(gate, changetype<bytes_op>(0));
  if (bytes < 0) return 0;
  const p = kzalloc(CHECK_GATE_STATE + bytes, SLAB_MISC);
  if (p === 0) return 0;
  changetype<check_gate>(p).gate = gate; // plain: nobody else is here yet
  const object = mortal_alloc(p);
  changetype<check_gate>(p).pointer = <u32>object;
  if (object !== 0 && dispatch_gate<init_op>(gate, changetype<init_op>(p)) === 0) return p;
  if (object !== 0) mortal_free(object);
  kfree(p);
  return 0;
}

/**
 * Up to `n` visits, until the device is gone; between two, a quiescent state.
 *
 * @returns 0; -ENXIO when it was gone; -EIO. Context: sleeps as the gate does.
 */
export function check_gate_entrant(p: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const rc = dispatch_gate<visit_op>(gate_of(p), changetype<visit_op>(p));
    rcu_qs();
    if (rc !== 0) return rc;
  }
  return 0;
}

/**
 * Enters up to `depth` times before it leaves for the first time.
 *
 * @param depth - 62 at most
 * @param inner - another device, which it visits before that, or 0
 * @returns 0; -ENXIO when a device was gone; -EIO. Context: of a gate that turns entrants away.
 */
export function check_gate_nester(p: usize, depth: u32, inner: usize): i32 {
  store<u32>(nest_word(0), depth); // plain: the CPU's own, as is the next
  store<u32>(nest_word(NEST_INNER), <u32>inner);
  return dispatch_gate<nest_op>(gate_of(p), changetype<nest_op>(p));
}

/** Kills the gate, and frees the object at once. @returns 0, or -EIO. Context: sleeps. */
export function check_gate_remover(p: usize): i32 {
  const object = <usize>READ_ONCE(pointer_of(p));
  dispatch_gate<kill_op>(gate_of(p), changetype<kill_op>(p));
  const left = READ_ONCE(pointer_of(p));
  mortal_free(object);
  return demand(left === 0, VIOLATION_POINTER_SURVIVES_REMOVAL, <u32>p, left);
}

/** Removes the device if nobody has, and frees it. @returns 0, or -EIO. Context: runs alone, at the end. */
export function check_gate_end(p: usize): i32 {
  const result = READ_ONCE(pointer_of(p)) === 0 ? 0 : check_gate_remover(p);
  dispatch_gate<destroy_op>(gate_of(p), changetype<destroy_op>(p));
  kfree(p);
  return result;
}
