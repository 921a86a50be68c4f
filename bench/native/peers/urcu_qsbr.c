// SPDX-License-Identifier: GPL-2.0-only
// libs: -lurcu-qsbr -lurcu-common
/* urcu qsbr — liburcu: readers do nothing, and report. */
#define _LGPL_SOURCE
#include "gate.h"

#include <urcu/urcu-qsbr.h>

#define NAME "urcu qsbr"
#define KIND KIND_PEER
#define FLAVOUR urcu_qsbr
/* A report a burst, as the loop looks for a quiescent state on the other side. */
#define AFTER_BURST() (urcu_qsbr_quiescent_state(), rcu_qs_hint() != 0)

#include "urcu.h"

#include "section.h"
