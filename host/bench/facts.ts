// SPDX-License-Identifier: GPL-2.0-only
/** What is known of a gate without a clock, and of the compiler tier from one. */
import { tierSelectable } from "../machine/engine.ts";
import type { Machine } from "../machine/machine.ts";
import type { Tier } from "../result/asked.ts";
import type { GateFacts, PairRow, TierFacts } from "../result/result.ts";
import type { Contender } from "./contenders.ts";

/** Negative controls: they protect nothing. */
const CONTROLS = new Set(["busted"]);

/** @param summaries - one line a gate name, from the headers in assembly/gates */
export async function gateFacts(
  machine: Machine,
  contender: Contender,
  summaries: ReadonlyMap<string, string>,
): Promise<GateFacts> {
  const bytes = async (where: string) =>
    machine.call(0, "gate_bytes", contender.id, machine.kernel.constant(`BYTES_${where}`));
  return {
    name: contender.name,
    ...(CONTROLS.has(contender.name) ? { control: true as const } : {}),
    summary: summaries.get(contender.name) ?? "",
    bytesPerDevice: (await bytes("EMBEDDED")) + (await bytes("HEAP")),
    bytesPerCpuPerDevice: await bytes("PER_CPU"),
    globalBytes: await bytes("GLOBAL"),
  };
}

/** From the rows of one thread: what an atomic add costs next to an exchange, which no tier changes. */
export function tierFacts(tier: Tier, pairs: readonly PairRow[]): TierFacts {
  const selectable = tierSelectable();
  const net = (name: string) =>
    pairs.find((row) => row.contender === name && row.threads === 1)?.net.median;
  const add = net("atomic pair");
  const exchange = net("exchange pair");
  const known = add !== undefined && exchange !== undefined && exchange > 0;
  return {
    inForce: selectable ? tier : "unknown",
    selectable,
    addOverExchange: known ? add / exchange : null,
  };
}
