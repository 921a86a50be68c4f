// SPDX-License-Identifier: GPL-2.0-only
import type { TierFacts } from "../result/result.ts";
import { formatNumber } from "./units.ts";

/** Which compiler made the code, and what that made of an atomic add. */
export function tierText({ inForce, addOverExchange }: TierFacts): string {
  const name = {
    baseline: "baseline compiler for every row",
    optimized: "optimizing compiler for every row",
    unknown: "the engine's own choice",
  }[inForce];
  if (addOverExchange === null) return name;
  return `${name}; an atomic add costs ${formatNumber(addOverExchange)} of an exchange`;
}
