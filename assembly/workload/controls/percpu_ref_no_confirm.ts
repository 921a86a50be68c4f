// SPDX-License-Identifier: GPL-2.0-only
/**
 * Known bad: a user of percpu_ref that trusts kill() alone. When it has returned nobody can come in any
 * more, the killer thinks, and frees what the ref guards.
 *
 * Breaks P4 and P5 of lib/percpu-refcount.ts: a tryget_live() may succeed until the confirmation, and who
 * is inside leaves when release() runs. Found under every memory model: a use after free, or a data race
 * between a user's look and the free. Else as scenarios/percpu_ref.ts.
 */
import { percpu_ref, percpu_ref_kill } from "../../lib/percpu-refcount";
import {
  check_percpu_ref_end,
  check_percpu_ref_free,
  check_percpu_ref_init,
  check_percpu_ref_user,
  check_percpu_ref_will_kill,
} from "../scenarios/percpu_ref";

/** As check_percpu_ref_init(0). */
export function percpu_ref_no_confirm_init(): usize {
  return check_percpu_ref_init(0);
}

/** As check_percpu_ref_user(). */
export function percpu_ref_no_confirm_user(p: usize, n: u32): i32 {
  return check_percpu_ref_user(p, n);
}

/** Kills and frees. @returns 0. Context: as percpu_ref_kill(). */
export function percpu_ref_no_confirm_killer(p: usize): i32 {
  check_percpu_ref_will_kill(p);
  percpu_ref_kill(changetype<percpu_ref>(p));
  check_percpu_ref_free(p); // wrong: neither the confirmation nor release() has come
  return 0;
}

/** As check_percpu_ref_end(). */
export function percpu_ref_no_confirm_end(p: usize): i32 {
  return check_percpu_ref_end(p);
}
