// SPDX-License-Identifier: GPL-2.0-only
/* A seat, on the reader's side: assembly/gates/seat.ts. Nobody ever sleeps for one here. */
#ifndef NATIVE_SEAT_H
#define NATIVE_SEAT_H

#include "machine.h"

#define TASK_SHIFT 32

typedef _Atomic uint64_t seat_t;

/* Says `what`, from here on, and returns who is to be woken: 0 for nobody. A full barrier. */
INLINE uint32_t seat_say(seat_t *seat, uint32_t what)
{
	return (uint32_t)(atomic_exchange(seat, (uint64_t)what) >> TASK_SHIFT);
}

/* What the own CPU's seat says. */
INLINE uint32_t seat_says(seat_t *seat)
{
	return (uint32_t)READ_ONCE(*seat);
}

#endif
