// SPDX-License-Identifier: GPL-2.0-only
/** percpu_rw_semaphore: read and write sections over a guarded pair, on its fast path and off it. */
import { Errno } from "../../abi/errno.ts";
import { primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1]);
const writer = role("writer", [1]);

export const percpuRwsem = primitive({
  name: "percpu_rwsem",
  summary: "readers that count on their own CPU, and writers that take that from them",
  covers: [
    "B1-B5, O1-O3 of kernel/locking/percpu-rwsem.ts",
    "Y1-Y5, O5 of kernel/rcu/sync.ts",
    "W6, W7, O1 of kernel/sched/rcuwait.ts",
  ],
  prefix: "check_percpu_rwsem",
  casts: () => [
    { roles: [several(1, reader), writer] },
    { name: "reader-twice", roles: [role("reader", [2]), writer] },
    { roles: [role("try_reader", [1], Errno.EBUSY), writer] },
    { roles: [writer, writer] },
    { name: "writer-twice", roles: [reader, role("writer", [2])] },
    { roles: [several(2, reader), writer], inSuite: false }, // 457,864 states
    { roles: [reader, writer, writer], inSuite: false }, // more than 1,500,000 states
  ],
});
