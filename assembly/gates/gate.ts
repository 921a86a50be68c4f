// SPDX-License-Identifier: GPL-2.0-only
/**
 * The contract of a gate: what brackets the use of a driver context that removal is about to free.
 *
 * A gate is a class whose `this` is its per-device state; global state has its address in
 * arch/wasm/memory.ts. Code that uses one takes it as a type parameter (`G extends Gate`, see
 * generics.d.ts), so that asc compiles that code once for each gate: no indirect call, no branch on
 * the gate. Methods, and not free functions, because a type parameter is the only thing that asc
 * resolves a call on at compile time.
 *
 *   bytes(where)       what the gate takes: one of BYTES_*.
 *   entrants()         what becomes of who comes while kill() waits: one of ENTRANTS_*.
 *   body()             what a body may do inside: one of BODY_*.
 *   admits()           how many may be inside at once: one of ADMITS_*.
 *   init()             makes the per-device state. 0 or -ENOMEM. May sleep.
 *   enter_fast()       one attempt, without a call; returns a token.
 *   enter_ok(t)        true: the caller gets in. Looks at the token alone.
 *   entered(t)         the bookkeeping of an entry that enter_ok() granted; t is now its cookie.
 *   enter_slowpath(t)  what is left when enter_ok() said false: returns a cookie, or GATE_CLOSED.
 *                      May sleep where the gate blocks entrants.
 *   exit_fast(c)       leaves, without a call, with the cookie of this one entry; returns a token.
 *   exit_ok(t)         true: nothing is left but exited(t). Looks at the token alone.
 *   exited(t)          the bookkeeping of an exit that exit_ok() passed.
 *   exit_slowpath(t)   the rest when exit_ok() said false, e.g. waking the remover.
 *   kill(slot)         removal: returns once nobody is inside and nobody can come in, and has stored
 *                      0 in *slot, the pointer that the gate protects. Sleeps. Called once after init.
 *   destroy()          frees what init() took. Nobody is inside, and nobody will come.
 *
 * Rules:   G1  Between a successful enter and its exit, what *slot pointed to at entry stays valid.
 *          G2  After kill() returned, an entrant is turned away, or reads 0 in *slot inside.
 *          G3  The cookie belongs to one entry: never kept per file or per device.
 *          G4  kill() waits for every entry that succeeded, however long its body takes.
 *
 * Ordering: O1  What happened inside an entry is visible to the caller of kill() when it returns.
 *           O2  Who enters after kill() sees *slot as kill() left it.
 *
 * Header:  the first line of a gate's file is its summary, and the line that begins with "Removal:" says
 *          who waits for what then; `hotunplug list` prints both.
 *
 * The driver tests *slot inside the gate, whatever the gate: `if (*slot) body(); else -ENXIO`.
 * The fast and the slow half are apart so that a hot loop can leave before it calls.
 */

/** enter_slowpath(): the device is gone, and the caller is not inside. */
export const GATE_CLOSED: u32 = 0xffffffff;

// Where a gate's bytes are.
export const BYTES_EMBEDDED: u32 = 0; // in each device
export const BYTES_HEAP: u32 = 1; // allocated for each device
export const BYTES_PER_CPU: u32 = 2; // for each device on each CPU
export const BYTES_GLOBAL: u32 = 3; // once
export const BYTES_GLOBAL_PER_CPU: u32 = 4; // once on each CPU, for all devices

// What becomes of who comes during a removal.
export const ENTRANTS_BLOCK: u32 = 0; // they sleep until it is over
export const ENTRANTS_FAIL: u32 = 1; // they are turned away at once
export const ENTRANTS_PASS: u32 = 2; // they get in: the gate protects nothing, and is a control
export const ENTRANTS_SPIN: u32 = 3; // they spin until it is over

// What a body may do inside.
export const BODY_MAY_SLEEP: u32 = 0;
export const BODY_MAY_NOT_SLEEP: u32 = 1; // it would lose its protection, or let others spin for it

// How many may be inside at once.
export const ADMITS_MANY: u32 = 0;
export const ADMITS_ONE: u32 = 1; // the others wait for their turn

// Ids of gates: from 0 on those that hold, and that a driver can be built with; then
export const FIRST_CONTROL: u32 = 64; // negative controls, that a driver can be built with all the same
export const FIRST_ATOMIC: u32 = 128; // BODY_MAY_NOT_SLEEP: a driver's ioctl sleeps, and cannot use them
