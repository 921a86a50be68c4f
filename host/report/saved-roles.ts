// SPDX-License-Identifier: GPL-2.0-only
/** The shape of the rows of the roles workload, as read back from a file. */
import type { Fairness, Pace, RemovalWaits, RoleRounds, RoleRow } from "../result/roles.ts";
import type { Summary } from "../stats/summary.ts";
import type { Tail } from "../stats/tail.ts";
import * as is from "./shape.ts";

const summary = is.object<Summary>({
  ...{ median: is.number, low: is.number, high: is.number, n: is.number, unit: is.string },
});

const tail = is.object<Tail>({
  unit: is.literal("ns"),
  n: is.number,
  p50: is.number,
  p99: is.number,
  p999: is.nullable(is.number),
  max: is.number,
});

const paces: Readonly<Record<Pace["kind"], is.Shape<never>>> = {
  unlimited: is.anyObject,
  rate: is.object<{ perSecond: number }>({ perSecond: is.number }) as is.Shape<never>,
  think: is.object<{ ns: number }>({ ns: is.number }) as is.Shape<never>,
};
const anyPace: is.Shape<Pick<Pace, "kind">> = is.object<Pick<Pace, "kind">>({
  kind: is.literal("unlimited", "rate", "think"),
});

const pace: is.Shape<Pace> = (value, path) => {
  anyPace(value, path);
  const shape: is.Shape<never> = paces[value.kind];
  shape(value, path);
};

const fairness = is.object<Fairness>({ jain: summary, maxOverMin: is.nullable(summary) });

const waits = is.object<RemovalWaits>({
  removals: is.number,
  longestNs: is.number,
  deadlineNs: is.number,
  overdue: is.number,
});

const roundsOf = is.array(is.nullable(is.number));
const roleRounds = is.object<RoleRounds>({ p50: roundsOf, p99: roundsOf, during: roundsOf });

export const roleRow = is.object<RoleRow>({
  contender: is.string,
  role: is.literal("readers", "others", "removers", "adders"),
  cpus: is.number,
  pace,
  oversubscribed: is.boolean,
  rate: summary,
  samples: is.array(is.nullable(is.number)),
  refused: is.number,
  awayPct: summary,
  latency: is.nullable(tail),
  during: is.nullable(tail),
  rounds: is.optional(roleRounds),
  clockNs: is.number,
  effectPct: is.nullable(summary),
  fairness: is.nullable(fairness),
  waits: is.nullable(waits),
});
