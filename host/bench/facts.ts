// SPDX-License-Identifier: GPL-2.0-only
/** What is known of a gate without a clock, and of the compiler tier from one. */
import { tierInForce, tierSelectable } from "../machine/engine.ts";
import type { Machine } from "../machine/machine.ts";
import type { GateFacts, PairRow, TierFacts } from "../result/result.ts";
import type { Gate } from "./contenders.ts";

/** @param summaries - one line a gate name, from the headers in assembly/gates */
export async function gateFacts(
  machine: Machine,
  gate: Gate,
  summaries: ReadonlyMap<string, string>,
): Promise<GateFacts> {
  const bytes = async (where: string) =>
    machine.call(0, "gate_bytes", gate.id, machine.kernel.constant(`BYTES_${where}`));
  const globalPerCpu = await bytes("GLOBAL_PER_CPU");
  return {
    name: gate.name,
    ...(gate.entrants === "passes" ? { control: true as const } : {}), // it protects nothing
    ...(gate.atomic ? { atomic: true as const } : {}),
    summary: summaries.get(gate.name) ?? "",
    bytesPerDevice: (await bytes("EMBEDDED")) + (await bytes("HEAP")),
    bytesPerCpuPerDevice: await bytes("PER_CPU"),
    globalBytes: await bytes("GLOBAL"),
    ...(globalPerCpu > 0 ? { globalBytesPerCpu: globalPerCpu } : {}),
  };
}

/** From the rows of one thread: what an atomic add costs next to an exchange, which no tier changes. */
export function tierFacts({ image }: Pick<Machine, "image">, pairs: readonly PairRow[]): TierFacts {
  const net = (name: string) =>
    pairs.find((row) => row.contender === name && row.threads === 1)?.net.median;
  const add = net("atomic pair");
  const exchange = net("exchange pair");
  const known = add !== undefined && exchange !== undefined && add > 0 && exchange > 0;
  return {
    inForce: tierInForce(image.engine),
    selectable: tierSelectable(),
    addOverExchange: known ? add / exchange : null,
  };
}
