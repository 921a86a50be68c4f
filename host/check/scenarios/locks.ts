// SPDX-License-Identifier: GPL-2.0-only
/** Mutex, raw spinlock and the queue of optimistic spinners: sections over a guarded pair. */
import { Errno } from "../../abi/errno.ts";
import { primitive, role, several } from "./primitive.ts";

const locker = role("locker", [1]);
const tryLocker = role("try_locker", [1], Errno.EBUSY);
const queuer = role("locker", [1], Errno.EBUSY);

export const mutex = primitive({
  name: "mutex",
  summary: "lockers of a mutex, and those who try",
  covers: ["M1-M7, O1, O2 of kernel/locking/mutex.ts"],
  prefix: "check_mutex",
  casts: () => [
    { roles: [several(2, locker)] },
    { roles: [several(3, locker)], inSuite: false }, // more than 300,000 states
    { name: "locker-twice", roles: [several(1, locker), role("locker", [2])] },
    { roles: [several(1, tryLocker), locker] },
    { name: "spin", roles: [several(2, locker)], spinLimit: 1 },
  ],
});

export const spinlock = primitive({
  name: "spinlock",
  summary: "lockers of a raw spinlock that sleep when it takes long, and those who try",
  covers: ["L1-L4, O1 of kernel/locking/spinlock.ts"],
  prefix: "check_spinlock",
  casts: () => [
    { roles: [several(2, locker)] },
    { roles: [several(3, locker)] },
    { roles: [several(1, tryLocker), locker] },
  ],
});

export const osq = primitive({
  name: "osq",
  summary: "who stays in the queue of optimistic spinners, and who leaves it",
  covers: ["Q1-Q5, O1-O3 of kernel/locking/osq_lock.ts"],
  prefix: "check_osq",
  casts: () => [
    { roles: [several(2, queuer)] },
    { roles: [several(3, queuer)] },
    { name: "spin", roles: [several(2, queuer)], spinLimit: 1 },
    { name: "spin-3", roles: [several(3, queuer)], spinLimit: 1 },
  ],
});
