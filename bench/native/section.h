// SPDX-License-Identifier: GPL-2.0-only
/*
 * The read section that is timed, compiled for the twin that includes this: enter, test the pointer, read
 * one word through it, keep it, exit; eight of them a burst, as in assembly/workload/section.ts.
 *
 * The hot loop holds no call: at a section that a fast path cannot finish it ends, and leaves that
 * section's other half pending.
 */
#include "gate.h"

/* What each burst ends with: true breaks the loop. */
#ifndef AFTER_BURST
#define AFTER_BURST() (rcu_qs_hint() != 0)
#endif

#ifdef NO_ENTERED
INLINE void entered(struct gate *g, uint32_t token)
{
}
#endif

#ifdef NO_EXITED
INLINE void exited(struct gate *g, uint32_t token)
{
}
#endif

#ifdef ALWAYS_ENTERS
INLINE bool enter_ok(uint32_t token)
{
	return true;
}
#endif

#ifdef ALWAYS_EXITS
INLINE bool exit_ok(uint32_t token)
{
	return true;
}
#endif

enum half { PENDING_NONE, PENDING_ENTER, PENDING_EXIT, PENDING_NULL, PENDING_BAD };

struct pending {
	word_t half;
	word_t token;
};

INLINE bool leave(enum half half, uint32_t token)
{
	struct pending *p = this_cpu_ptr(PERCPU_PENDING);

	WRITE_ONCE(p->half, half);
	WRITE_ONCE(p->token, token);
	return false;
}

/* One section by the fast paths; false leaves its other half pending. */
INLINE bool fast(struct gate *g, slot_t *slot)
{
	uint32_t c = enter_fast(g), s, word;
	word_t *p;

	if (!enter_ok(c))
		return leave(PENDING_ENTER, c);
	entered(g, c);
	p = READ_ONCE(*slot);
	if (p == NULL)
		return leave(PENDING_NULL, c);
	word = READ_ONCE(*p);
	WRITE_ONCE(*(word_t *)this_cpu_ptr(PERCPU_WORD), word);
	if (word != CONTEXT_ALIVE)
		return leave(PENDING_BAD, c);
	s = exit_fast(g, c);
	if (!exit_ok(s))
		return leave(PENDING_EXIT, s);
	exited(g, s);
	return true;
}

/* Whether it went through is read from memory, as the module reads it. */
INLINE bool burst(struct gate *g, slot_t *slot)
{
	struct pending *pending = this_cpu_ptr(PERCPU_PENDING);

	(void)(fast(g, slot) && fast(g, slot) && fast(g, slot) && fast(g, slot) && fast(g, slot) &&
	       fast(g, slot) && fast(g, slot) && fast(g, slot));
	return READ_ONCE(pending->half) == PENDING_NONE;
}

static uint32_t run(user_t *user, uint32_t bursts)
{
	while (bursts != 0) {
		struct device *device = READ_ONCE(*user);

		bursts--;
		if (!burst((struct gate *)device->gate, &device->slot))
			break;
		if (AFTER_BURST())
			break;
	}
	return bursts;
}

#ifdef HAS_SLOWPATH
#define ENTER_SLOWPATH(g, token, cookie) ((cookie) = enter_slowpath(g, token), true)
#define EXIT_SLOWPATH(g, token) exit_slowpath(g, token)
#else
#define ENTER_SLOWPATH(g, token, cookie) ((void)(token), (void)(cookie), false)
#define EXIT_SLOWPATH(g, token) panic(NAME ": an exit needs a slow path, and nobody removes")
#endif

static void leave_gate(struct gate *g, uint32_t cookie)
{
	uint32_t s = exit_fast(g, cookie);

	if (exit_ok(s))
		exited(g, s);
	else
		EXIT_SLOWPATH(g, s);
}

static enum section_result finish(void *gate, slot_t *slot)
{
	struct pending *pending = this_cpu_ptr(PERCPU_PENDING);
	enum section_result result = SECTION_DONE;
	struct gate *g = gate;
	uint32_t half = READ_ONCE(pending->half), token = READ_ONCE(pending->token), cookie = token;
	word_t *p;

	WRITE_ONCE(pending->half, PENDING_NONE);
	if (half == PENDING_NONE)
		return SECTION_DONE;
	if (half == PENDING_EXIT) {
		EXIT_SLOWPATH(g, cookie);
		return SECTION_DONE;
	}
	if (half == PENDING_ENTER && !ENTER_SLOWPATH(g, token, cookie))
		return SECTION_CLOSED;
	p = READ_ONCE(*slot);
	if (p == NULL)
		result = SECTION_CLOSED;
	else if (READ_ONCE(*p) != CONTEXT_ALIVE)
		result = SECTION_BAD;
	leave_gate(g, cookie);
	return result;
}

static _Thread_local uint32_t cookie_inside;

static bool enter_once(void *gate)
{
	struct gate *g = gate;
	uint32_t c = enter_fast(g);

	if (!enter_ok(c)) {
#ifdef BACKS_OUT
		back_out(g, c);
#endif
		return false;
	}
	entered(g, c);
	cookie_inside = c;
	return true;
}

static void exit_once(void *gate)
{
	leave_gate(gate, cookie_inside);
}

static void init_gate(void *gate)
{
	init(gate);
}

static bool gate_at_rest(void *gate)
{
	return at_rest(gate);
}

#ifndef NEVER_CLOSES
static void close_gate(void *gate)
{
	close(gate);
}
#define CLOSE_GATE close_gate
#else
#define CLOSE_GATE NULL
#endif

#ifdef COUNTS_NOBODY
#define NOBODY_COUNTED true
#else
#define NOBODY_COUNTED false
#endif

#ifdef ADMITS_ONE
#define ONE_ADMITTED true
#else
#define ONE_ADMITTED false
#endif

#ifndef CPU_ONLINE
#define CPU_ONLINE NULL
#define CPU_OFFLINE NULL
#endif

static struct contender this_contender = {
	.name = NAME,
	.kind = KIND,
	.init = init_gate,
	.run = run,
	.finish = finish,
	.enter = enter_once,
	.exit = exit_once,
	.at_rest = gate_at_rest,
	.counts_nobody = NOBODY_COUNTED,
	.admits_one = ONE_ADMITTED,
	.close = CLOSE_GATE,
	.cpu_online = CPU_ONLINE,
	.cpu_offline = CPU_OFFLINE,
};

__attribute__((constructor)) static void add_contender(void)
{
	this_contender.next = contenders;
	contenders = &this_contender;
}
