// SPDX-License-Identifier: GPL-2.0-only
/* percpu_ref, reporting — with a look for a quiescent state at each exit: assembly/workload/contenders.ts. */
#define REPORTS
#define NAME "percpu_ref, reporting"
#define KIND KIND_BASELINE
#include "percpu_ref.c"
