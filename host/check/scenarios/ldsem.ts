// SPDX-License-Identifier: GPL-2.0-only
/** The ldsem: read, write and trylock sections over a guarded pair, some with a limit to the wait. */
import { Errno } from "../../abi/errno.ts";
import { primitive, role, several } from "./primitive.ts";

const reader = role("reader", [1]);
const writer = role("writer", [1]);
const timedReader = role("timed_reader", [], Errno.ETIMEDOUT);
const timedWriter = role("timed_writer", [], Errno.ETIMEDOUT);
const tryReader = role("try_reader", [], Errno.EBUSY);
const tryWriter = role("try_writer", [], Errno.EBUSY);
const meeters = [role("meeter", [0]), role("meeter", [1])];

export const ldsem = primitive({
  name: "ldsem",
  summary: "readers and writers of an ldsem, those who try, and those whose time is up",
  covers: ["L1-L10, O1-O3 of drivers/tty/tty_ldsem.ts"],
  prefix: "check_ldsem",
  casts: () => [
    { roles: [several(1, reader), writer] },
    { roles: [several(2, writer)] },
    { roles: [several(2, reader), writer] },
    { roles: [several(2, writer), reader] },
    { roles: [several(1, tryReader), writer] },
    { roles: [several(1, tryWriter), writer] },
    { roles: [tryReader, tryWriter, writer] },
    // The clock may tick once, at any moment: a wait ends in time, late, or as it is granted.
    { roles: [several(1, timedReader), writer], ticks: 1 },
    { roles: [several(1, timedWriter), writer], ticks: 1 },
    { roles: [several(1, timedWriter), reader], ticks: 1 },
    { roles: [timedWriter, reader, reader], ticks: 1, inSuite: false }, // 319,506 states
    { roles: [timedWriter, writer, reader], ticks: 1, inSuite: false }, // 471,626 states
    // L9: the one who is inside leaves when the other has come in, and nobody else makes that happen.
    { name: "release", roles: [...meeters, timedWriter] },
  ],
});
