// SPDX-License-Identifier: GPL-2.0-only
// libs: -lurcu-bp -lurcu-common
/* urcu bp — liburcu: threads register by themselves. */
#define _LGPL_SOURCE
#include "gate.h"

#include <urcu/urcu-bp.h>

#define NAME "urcu bp"
#define KIND KIND_PEER
#define FLAVOUR urcu_bp

#include "urcu.h"

#include "section.h"
