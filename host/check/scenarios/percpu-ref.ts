// SPDX-License-Identifier: GPL-2.0-only
/** percpu_ref: users of an object against those who kill the ref, free the object, or revive both. */
import { Errno } from "../../abi/errno.ts";
import { type Cast, offline, primitive, role, several } from "./primitive.ts";

const REINIT = [4]; // PERCPU_REF_ALLOW_REINIT

const user = role("user", [1], Errno.ENXIO);
const lateUser = role("late_user", [1], Errno.ENXIO);
const killer = role("killer");
const switcher = role("switcher", [1]);

const ONE_WAY: readonly Cast[] = [
  { roles: [several(1, user), killer] },
  { name: "user-twice", roles: [role("user", [2], Errno.ENXIO), killer] },
  { roles: [several(2, user), killer] },
  { roles: [several(1, user), lateUser, killer] },
  { roles: [several(1, user), role("confirming_killer")] },
];
const REUSABLE: readonly Cast[] = [
  { roles: [several(1, user), role("reiniter", [1])] },
  { roles: [several(1, user), switcher] },
  // O1: whatever grace period the switch gets, somebody else's as well, begins with the new mode in force.
  { roles: [user, role("atomizer"), offline(role("synchronizer"))] },
  // A race is reported between force_atomic and allow_reinit, which are neighbours in a word.
  { roles: [killer, switcher], inSuite: false },
  { roles: [several(1, user), killer, switcher], inSuite: false }, // more than 1,500,000 states
];

export const percpuRef = primitive({
  name: "percpu_ref",
  summary: "users of a percpu_ref while it is killed, confirmed, switched and revived",
  covers: ["P1-P8, O1-O3 of lib/percpu-refcount.ts"],
  prefix: "check_percpu_ref",
  casts: () => [
    ...ONE_WAY.map((cast) => ({ ...cast, init: [0] })),
    ...REUSABLE.map((cast) => ({ ...cast, init: REINIT })),
  ],
});
