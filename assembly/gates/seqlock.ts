// SPDX-License-Identifier: GPL-2.0-only
/**
 * seqlock — a reader notes a sequence and compares it afterwards: a control; nothing keeps a remover out.
 *
 * Source:  include/linux/seqlock.h (v6.12): read_seqbegin(), read_seqretry(), write_seqlock().
 *
 * State:   sequence (u32) in the device: odd while the remover changes the pointer. Writers need no lock
 *          among themselves: a device has one remover, once.
 * Cost:    enter and exit load the sequence. Removal is three stores.
 * Trade:   read_seqretry() says afterwards that what was read may be nonsense, and to read it again. That
 *          is good for a value. A body has used the device by then, and cannot be taken back: at exit
 *          there is nothing to do about it.
 * Removal: waits for nobody: who is inside goes on with what is being freed.
 *
 * Ordering: sequence odd, the pointer, sequence even: each a release, for write_seqcount_begin() and
 *          _end() have smp_wmb(). The reader's loads are acquires, for smp_rmb().
 */
import { READ_ONCE, smp_store_release, WRITE_ONCE } from "../arch/wasm/atomic";
import { ADMITS_MANY, BODY_MAY_SLEEP, BYTES_EMBEDDED, ENTRANTS_PASS } from "./gate";

@unmanaged
@final
export class seqlock_gate {
  sequence: u32;

  bytes(where: u32): u32 {
    return where === BYTES_EMBEDDED ? offsetof<seqlock_gate>() : 0;
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

  init(): i32 {
    this.sequence = 0; // plain: not published yet
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return READ_ONCE(changetype<usize>(this));
  }

  @inline
  enter_ok(sequence: u32): bool {
    return (sequence & 1) === 0;
  }

  @inline
  entered(_sequence: u32): void {}

  enter_slowpath(_sequence: u32): u32 {
    let sequence = READ_ONCE(changetype<usize>(this));
    while ((sequence & 1) !== 0) sequence = READ_ONCE(changetype<usize>(this));
    return sequence;
  }

  /** read_seqretry(): 0 when nothing changed meanwhile. */
  @inline
  exit_fast(sequence: u32): u32 {
    return READ_ONCE(changetype<usize>(this)) ^ sequence;
  }

  @inline
  exit_ok(changed: u32): bool {
    return changed === 0;
  }

  @inline
  exited(_changed: u32): void {}

  /** Too late: see Trade. */
  exit_slowpath(_changed: u32): void {}

  kill(slot: usize): void {
    const sequence = this.sequence; // plain: changed by this function alone
    WRITE_ONCE(changetype<usize>(this), sequence + 1);
    smp_store_release(slot, 0);
    smp_store_release(changetype<usize>(this), sequence + 2);
  }

  destroy(): void {}
}
