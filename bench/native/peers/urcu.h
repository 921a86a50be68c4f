// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flavour of liburcu as a peer: FLAVOUR is its prefix. A read-side section brackets the use of the
 * pointer; an updater would wait for a grace period. Its small functions are compiled in.
 */
#define ALWAYS_ENTERS
#define NO_ENTERED
#define ALWAYS_EXITS
#define NO_EXITED
#define NEVER_CLOSES
#define COUNTS_NOBODY
#define CPU_ONLINE cpu_online
#define CPU_OFFLINE cpu_offline

#define PASTE(flavour, name) flavour##_##name
#define EXPAND(flavour, name) PASTE(flavour, name)
#define URCU(name) EXPAND(FLAVOUR, name)

struct gate {
	word_t none;
};

static void init(struct gate *g)
{
}

static void cpu_online(void *gate)
{
	URCU(register_thread)();
}

static void cpu_offline(void *gate)
{
	URCU(unregister_thread)();
}

INLINE uint32_t enter_fast(struct gate *g)
{
	URCU(read_lock)();
	return 0;
}

INLINE uint32_t exit_fast(struct gate *g, uint32_t cookie)
{
	URCU(read_unlock)();
	return 0;
}

static bool at_rest(struct gate *g)
{
	return true;
}
