// SPDX-License-Identifier: GPL-2.0-only
import { median } from "./median.ts";
import type { Ratio } from "./ratio.ts";

/**
 * One ratio of several of the same two things, each between other processes of theirs.
 *
 * The interval of one ratio is over the rounds of two processes, and knows nothing of what the next two
 * would say: two processes of one code differ by more than their rounds do. The envelope reaches from the
 * least lower end to the greatest upper end, so it lies above a limit only where *each* process of the one
 * side is above it beside *each* of the other.
 *
 * False alarms: of B processes of one side and K of the other that do not differ but by chance, all K are
 * the slowest in 1 of (B + K choose K) cases, however far processes are apart: 1 of 10 for 2 and 3. That
 * is the most, reached where rounds scatter by nothing and the limit is 1 (test/stats/envelope.test.ts).
 *
 * @param ratios - at least one
 */
export function envelopeOf(ratios: readonly Ratio[]): Ratio {
  const ends = ratios.map(({ ratio }) => ratio);
  return {
    ratio: {
      median: median(ends.map((one) => one.median)),
      low: Math.min(...ends.map(({ low }) => low)),
      high: Math.max(...ends.map(({ high }) => high)),
    },
    pairs: Math.min(...ratios.map(({ pairs }) => pairs)),
  };
}
