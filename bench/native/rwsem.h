// SPDX-License-Identifier: GPL-2.0-only
/* The read side of struct rw_semaphore: assembly/kernel/locking/rwsem.ts, with the kernel's orders. */
#ifndef NATIVE_RWSEM_H
#define NATIVE_RWSEM_H

#include "machine.h"

#define RWSEM_WRITER_LOCKED 1u
#define RWSEM_FLAG_WAITERS 2u
#define RWSEM_FLAG_HANDOFF 4u
#define RWSEM_FLAG_READFAIL 0x80000000u
#define RWSEM_READER_BIAS 0x100u
#define RWSEM_READER_MASK (~0xffu)
#define RWSEM_LOCK_MASK (RWSEM_WRITER_LOCKED | RWSEM_READER_MASK)
#define RWSEM_READ_FAILED_MASK \
	(RWSEM_WRITER_LOCKED | RWSEM_FLAG_WAITERS | RWSEM_FLAG_HANDOFF | RWSEM_FLAG_READFAIL)

#define RWSEM_READER_OWNED 1u
#define RWSEM_NONSPINNABLE 2u

struct rw_semaphore {
	word_t count;
	word_t owner;
	word_t osq;
	word_t wait_lock;
	word_t wait_head;
	word_t wait_tail;
};

INLINE uint32_t rwsem_read_trylock_add(struct rw_semaphore *sem)
{
	return atomic_fetch_add_explicit(&sem->count, RWSEM_READER_BIAS, memory_order_acquire) +
	       RWSEM_READER_BIAS;
}

INLINE bool rwsem_read_acquired(uint32_t count)
{
	return (count & RWSEM_READ_FAILED_MASK) == 0;
}

INLINE void rwsem_set_reader_owned(struct rw_semaphore *sem)
{
	uint32_t flags = READ_ONCE(sem->owner) & RWSEM_NONSPINNABLE;

	WRITE_ONCE(sem->owner, current_task() | RWSEM_READER_OWNED | flags);
}

INLINE uint32_t rwsem_up_read_sub(struct rw_semaphore *sem)
{
	return atomic_fetch_sub_explicit(&sem->count, RWSEM_READER_BIAS, memory_order_release) -
	       RWSEM_READER_BIAS;
}

INLINE bool rwsem_up_read_wakes(uint32_t count)
{
	return (count & (RWSEM_LOCK_MASK | RWSEM_FLAG_WAITERS)) == RWSEM_FLAG_WAITERS;
}

#endif
