// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the read-side benchmark times besides the gates: the loop itself, and the costs that gates are
 * made of. They have the shape of a gate, so that the very same loop times them.
 *
 *   empty loop      the body alone: what every other row is reported net of
 *   plain counter   this CPU's counter up and down, found through a pointer as percpu_ref finds its own
 *   atomic pair     one atomic add and one atomic subtract on a word of the device
 *   exchange pair   two exchanges on it: an engine whose atomic pair costs much more than this makes a
 *                   compare-exchange loop of an add, and overcharges rwsem and refcounts
 *   percpu_ref, reporting   percpu_ref with a look for a quiescent state after each pair, not each burst
 */
import { atomic_add, xchg } from "../arch/wasm/atomic";
import { ENOMEM } from "../arch/wasm/errno";
import { this_cpu_ptr } from "../arch/wasm/percpu";
import { ADMITS_MANY, BODY_MAY_SLEEP, ENTRANTS_PASS } from "../gates/gate";
import { percpu_ref_gate } from "../gates/percpu_ref";
import { dispatch_gate } from "../gates/table";
import { rcu_qs, rcu_qs_hint } from "../kernel/rcu/tree";
import { __PERCPU_REF_ATOMIC_DEAD } from "../lib/percpu-refcount-ops";
import { alloc_percpu, free_percpu } from "../mm/percpu";

export const BASELINE_EMPTY_LOOP: u32 = 0x100;
export const BASELINE_PLAIN_COUNTER_PAIR: u32 = 0x101;
export const BASELINE_ATOMIC_PAIR: u32 = 0x102;
export const BASELINE_EXCHANGE_PAIR: u32 = 0x103;
export const BASELINE_PERCPU_REF_REPORTING: u32 = 0x104;

/**
 * What the baselines share. A method that a subclass defines must not stand here as well: asc would
 * dispatch it at run time.
 */
@unmanaged
abstract class baseline {
  word: u32;

  bytes(_where: u32): u32 {
    return 0;
  }

  entrants(): u32 {
    return ENTRANTS_PASS;
  }

  body(): u32 {
    return BODY_MAY_SLEEP;
  }

  admits(): u32 {
    return ADMITS_MANY;
  }

  @inline
  enter_ok(_t: u32): bool {
    return true;
  }

  @inline
  entered(_t: u32): void {}

  enter_slowpath(_t: u32): u32 {
    return 0;
  }

  @inline
  exit_ok(_t: u32): bool {
    return true;
  }

  @inline
  exited(_t: u32): void {}

  exit_slowpath(_t: u32): void {}

  kill(_slot: usize): void {}
}

@unmanaged
@final
class empty_loop extends baseline {
  init(): i32 {
    return 0;
  }

  destroy(): void {}

  @inline
  enter_fast(): u32 {
    return 0;
  }

  @inline
  exit_fast(_c: u32): u32 {
    return 0;
  }
}

@unmanaged
@final
class plain_pair extends baseline {
  init(): i32 {
    this.word = <u32>alloc_percpu(4);
    return this.word === 0 ? -ENOMEM : 0;
  }

  destroy(): void {
    free_percpu(this.word, 4);
  }

  @inline
  enter_fast(): u32 {
    const p = this_cpu_ptr(this.word);
    store<u32>(p, load<u32>(p) + 1); // plain: the CPU's own counter
    return 0;
  }

  @inline
  exit_fast(_c: u32): u32 {
    const p = this_cpu_ptr(this.word);
    store<u32>(p, load<u32>(p) - 1); // plain: the CPU's own counter
    return 0;
  }
}

@unmanaged
@final
class atomic_pair extends baseline {
  init(): i32 {
    this.word = 0;
    return 0;
  }

  destroy(): void {}

  @inline
  enter_fast(): u32 {
    atomic_add(1, changetype<usize>(this));
    return 0;
  }

  @inline
  exit_fast(_c: u32): u32 {
    atomic_add(-1, changetype<usize>(this));
    return 0;
  }
}

@unmanaged
@final
class exchange_pair extends baseline {
  init(): i32 {
    this.word = 0;
    return 0;
  }

  destroy(): void {}

  @inline
  enter_fast(): u32 {
    return xchg(changetype<usize>(this), 1);
  }

  @inline
  exit_fast(c: u32): u32 {
    return xchg(changetype<usize>(this), c);
  }
}

/** percpu_ref_gate with a quiescent state after each pair: the upper bound of what QSBR adds. */
@unmanaged
@final
class percpu_ref_reporting {
  @inline
  inner(): percpu_ref_gate {
    return changetype<percpu_ref_gate>(this);
  }

  bytes(where: u32): u32 {
    return this.inner().bytes(where);
  }

  entrants(): u32 {
    return this.inner().entrants();
  }

  body(): u32 {
    return this.inner().body();
  }

  admits(): u32 {
    return this.inner().admits();
  }

  init(): i32 {
    return this.inner().init();
  }

  @inline
  enter_fast(): u32 {
    return this.inner().enter_fast();
  }

  @inline
  enter_ok(t: u32): bool {
    return this.inner().enter_ok(t);
  }

  @inline
  entered(t: u32): void {
    this.inner().entered(t);
  }

  enter_slowpath(t: u32): u32 {
    return this.inner().enter_slowpath(t);
  }

  @inline
  exit_fast(c: u32): u32 {
    return this.inner().exit_fast(c);
  }

  @inline
  exit_ok(t: u32): bool {
    return ((t & __PERCPU_REF_ATOMIC_DEAD) | rcu_qs_hint()) === 0;
  }

  @inline
  exited(t: u32): void {
    this.inner().exited(t);
  }

  exit_slowpath(t: u32): void {
    if (this.inner().exit_ok(t)) this.inner().exited(t);
    else this.inner().exit_slowpath(t);
    rcu_qs();
  }

  kill(slot: usize): void {
    this.inner().kill(slot);
  }

  destroy(): void {
    this.inner().destroy();
  }
}

/** What dispatch_contender() returns for an id that is not in the tables. */
export const NO_SUCH_CONTENDER: i32 = -1;

/** Runs `op` compiled for a gate or for a baseline. @returns what it says, or NO_SUCH_CONTENDER */
export function dispatch_contender<O extends GateOp>(id: u32, op: O): i32 {
  switch (id) {
    case BASELINE_EMPTY_LOOP:
      return op.run<empty_loop>();
    case BASELINE_PLAIN_COUNTER_PAIR:
      return op.run<plain_pair>();
    case BASELINE_ATOMIC_PAIR:
      return op.run<atomic_pair>();
    case BASELINE_EXCHANGE_PAIR:
      return op.run<exchange_pair>();
    case BASELINE_PERCPU_REF_REPORTING:
      return op.run<percpu_ref_reporting>();
    default:
      return dispatch_gate<O>(id, op);
  }
}
