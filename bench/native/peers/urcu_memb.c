// SPDX-License-Identifier: GPL-2.0-only
// libs: -lurcu-memb -lurcu-common
/* urcu memb — liburcu: readers without a barrier, updaters with membarrier(). */
#define _LGPL_SOURCE
#include "gate.h"

#include <urcu/urcu-memb.h>

#define NAME "urcu memb"
#define KIND KIND_PEER
#define FLAVOUR urcu_memb

#include "urcu.h"

#include "section.h"
