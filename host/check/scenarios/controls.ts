// SPDX-License-Identifier: GPL-2.0-only
/** The known-bad corpus: what a check must find out, each by the threads that it takes. */
import { Errno } from "../../abi/errno.ts";
import type { KernelAbi } from "../../abi/kernel.ts";
import { type Cast, primitive, type Role, role } from "./primitive.ts";
import { use } from "./revocable.ts";

const updater = role("updater", [1]);

function control(prefix: string, roles: readonly Role[], rest: Partial<Cast> = {}): Cast {
  return { name: prefix, prefix, roles, expected: "violated", ...rest };
}

function corpus(abi: KernelAbi): Cast[] {
  const user = role("user", [1], Errno.ENXIO);
  const [taker, giver] = [role("taker", [1]), role("giver", [1])];
  const locker = role("locker", [1]);
  return [
    control("lock_busted", [locker, locker]),
    control("rwsem_no_last_wake", [role("reader", [1]), role("writer", [1])]),
    control("ldsem_no_release", [
      role("meeter", [0]),
      role("meeter", [1]),
      role("timed_writer", [], Errno.ETIMEDOUT),
    ]),
    control("wait_no_pass_on", [taker, taker, giver], { first: giver }),
    control("completion_wake_first", [role("completer", [1]), role("waiter", [1])]),
    control("rcu_busted", [role("reader", [1]), updater]),
    control("percpu_ref_no_confirm", [user, role("killer")]),
    // Store buffering: without buffers there is nothing to find.
    control("qsbr_no_reload", [role("returner"), updater], {
      expected: "holds",
      expectedWeak: { tso: "violated", pso: "violated" },
    }),
    control("revocable_v1", [use(abi), use(abi), role("revoke")]),
    control("revocable_v2", [use(abi), role("revoke")]),
  ];
}

export const controls = primitive({
  name: "controls",
  summary: "algorithms with one thing wrong, each of which must be found out",
  covers: [],
  prefix: "",
  casts: corpus,
});
