// SPDX-License-Identifier: GPL-2.0-only
/**
 * busted — lets everybody in and waits for nobody: the negative control, which every check must catch.
 *
 * Source:  kernel/locking/locktorture.c, lock_busted, for the idea.
 *
 * State:   none. Cost: none. Do not use in real life.
 * Removal: waits for nobody.
 */
import { WRITE_ONCE } from "../arch/wasm/atomic";
import { ADMITS_MANY, BODY_MAY_SLEEP, ENTRANTS_PASS } from "./gate";

@unmanaged
@final
export class busted_gate {
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

  init(): i32 {
    return 0;
  }

  @inline
  enter_fast(): u32 {
    return 0;
  }

  @inline
  enter_ok(_token: u32): bool {
    return true;
  }

  @inline
  entered(_token: u32): void {}

  enter_slowpath(_token: u32): u32 {
    return 0;
  }

  @inline
  exit_fast(_cookie: u32): u32 {
    return 0;
  }

  @inline
  exit_ok(_token: u32): bool {
    return true;
  }

  @inline
  exited(_token: u32): void {}

  exit_slowpath(_token: u32): void {}

  kill(slot: usize): void {
    WRITE_ONCE(slot, 0);
  }

  destroy(): void {}
}
