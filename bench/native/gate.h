// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of a twin: the read side of a gate in C, piece by piece as in assembly/gates/gate.ts.
 *
 * A twin is one .c file: it defines `struct gate` and the functions below, then NAME and KIND, and
 * includes section.h, which compiles the measured loop for it and puts it on the list of contenders.
 * Nothing else has to know it.
 *
 *   init(g)           makes the state; the memory is zero
 *   enter_fast(g)     one attempt, without a call; returns a token
 *   enter_ok(t)       the caller gets in
 *   entered(g, t)     the bookkeeping of an entry that was granted; t is now its cookie
 *   exit_fast(g, c)   leaves, without a call; returns a token
 *   exit_ok(t)        nothing is left but exited(g, t)
 *   exited(g, t)      the bookkeeping of an exit
 * What a twin has not of these it says, and section.h adds it: NO_ENTERED, NO_EXITED (no bookkeeping),
 * ALWAYS_ENTERS, ALWAYS_EXITS (no token is looked at). And for the self-check:
 *
 *   at_rest(g)        nobody is inside: what the self-check asks. Nobody runs meanwhile.
 *   close(g)          brings the state to where a removal turns the fast path away. Nobody is inside.
 *                     NEVER_CLOSES: nothing does.
 *   ADMITS_ONE        never two inside at once
 *   COUNTS_NOBODY     at_rest() does not tell whether somebody is inside
 *
 * Where an entry that is turned away leaves a trace that another device would see, #define BACKS_OUT, and:
 *
 *   back_out(g, t)    undoes what enter_fast() did
 *
 * Where a fast path can fail although nobody removes (a mutex), #define HAS_SLOWPATH, and:
 *
 *   enter_slowpath(g, t)  returns a cookie
 *   exit_slowpath(g, t)
 *
 * Memory orders are those that the kernel asks for, not those that wasm has.
 */
#ifndef NATIVE_GATE_H
#define NATIVE_GATE_H

#include "machine.h"

/* What the word behind the pointer holds while the context is alive. */
#define CONTEXT_ALIVE 0xc0de0001u

#define BURST 8

enum kind { KIND_GATE, KIND_BASELINE, KIND_PEER };

/* Of the section that the loop stopped at. */
enum section_result { SECTION_DONE, SECTION_CLOSED, SECTION_BAD };

/* The pointer that a gate protects. */
typedef _Atomic(word_t *) slot_t;

/* A device to measure on: its gate's state, the context behind the pointer, and the pointer. */
struct device {
	unsigned char before[0x880];
	_Alignas(0x80) unsigned char gate[0x180];
	_Alignas(0x80) word_t context;
	_Alignas(0x80) slot_t slot;
	_Alignas(0x1000) unsigned char after[];
};

_Static_assert(offsetof(struct device, gate) == 0x880, "as in bench_device.ts");
_Static_assert(offsetof(struct device, context) == 0xa00, "as in bench_device.ts");
_Static_assert(offsetof(struct device, slot) == 0xa80, "as in bench_device.ts");

/* Where a thread finds its device. */
typedef _Atomic(struct device *) user_t;

struct contender {
	const char *name;
	enum kind kind;
	void (*init)(void *gate);
	/*
	 * Up to `bursts` bursts, the device found anew for each; returns those left, the one that was broken
	 * off counted as done.
	 */
	uint32_t (*run)(user_t *user, uint32_t bursts);
	/* Does the other half of the section that run() left pending, if any. */
	enum section_result (*finish)(void *gate, slot_t *slot);
	/* One section up to its inside, and from there to its end: for the self-check. */
	bool (*enter)(void *gate);
	void (*exit)(void *gate);
	bool (*at_rest)(void *gate);
	bool counts_nobody;
	bool admits_one;
	/* NULL: nothing turns anybody away. */
	void (*close)(void *gate);
	/* Around the life of a thread that runs; NULL: nothing to do. */
	void (*cpu_online)(void *gate);
	void (*cpu_offline)(void *gate);
	struct contender *next;
};

/* All, in no order. */
extern struct contender *contenders;

#endif
