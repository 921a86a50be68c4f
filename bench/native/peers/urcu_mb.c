// SPDX-License-Identifier: GPL-2.0-only
// libs: -lurcu-mb -lurcu-common
/* urcu mb — liburcu: a full barrier at both ends. */
#define _LGPL_SOURCE
#include "gate.h"

#include <urcu/urcu-mb.h>

#define NAME "urcu mb"
#define KIND KIND_PEER
#define FLAVOUR urcu_mb

#include "urcu.h"

#include "section.h"
