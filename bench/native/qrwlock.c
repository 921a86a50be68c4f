// SPDX-License-Identifier: GPL-2.0-only
/* qrwlock — the queued reader/writer spinlock: kernel/locking/qrwlock.ts. Nobody spins here: no writer comes. */
#include "machine.h"

#define NAME "qrwlock"
#define KIND KIND_GATE
#define NO_ENTERED
#define NO_EXITED
#define ALWAYS_EXITS

#define _QW_LOCKED 0xffu
#define _QW_WMASK 0x1ffu
#define _QR_BIAS 0x200u

struct gate {
	word_t cnts;
};

static void init(struct gate *g)
{
}

INLINE uint32_t enter_fast(struct gate *g)
{
	return atomic_fetch_add_explicit(&g->cnts, _QR_BIAS, memory_order_acquire) + _QR_BIAS;
}

INLINE bool enter_ok(uint32_t cnts)
{
	return (cnts & _QW_WMASK) == 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	return atomic_fetch_sub_explicit(&g->cnts, _QR_BIAS, memory_order_release);
}

static bool at_rest(struct gate *g)
{
	return READ_ONCE(g->cnts) == 0;
}

static void close(struct gate *g)
{
	WRITE_ONCE(g->cnts, _QW_LOCKED);
}

#include "section.h"
