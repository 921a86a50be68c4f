// SPDX-License-Identifier: GPL-2.0-only
/** Variants by their names: a variant is functions, which no thread can be sent. */
import type { KernelAbi } from "../abi/kernel.ts";
import { TIERING } from "../machine/engine.ts";
import { kernelImage } from "../machine/image.ts";
import type { VariantSource } from "./parallel/protocol.ts";
import type { Subject, Variant } from "./scenario.ts";
import { scenarioNamed } from "./scenarios/table.ts";

/** A variant, by the names of what it is of: plain data. */
export interface Named {
  readonly scenario: string;
  readonly variant: string;
  readonly driver: Subject | null;
  /** As asked for; null: the scenario's own. */
  readonly threads: number | null;
}

/** @throws Error when the table has no such variant, which whoever made the job has seen there */
export function variantOf(abi: KernelAbi, { scenario, variant, driver, threads }: Named): Variant {
  const variants = scenarioNamed(scenario).variants(abi, driver, threads);
  const found = variants.find(({ name }) => name === variant);
  if (found === undefined) throw new Error(`[harness bug] no ${scenario}/${variant}`);
  return found;
}

/** For the threads of a parallel search. */
export function variantByName(named: Named): Variant {
  return variantOf(kernelImage(TIERING).abi, named);
}

/** Where they find it: here, apart from what draws a counterexample, which they need not load. */
export function sourceOf(named: Named): VariantSource {
  return { moduleUrl: import.meta.url, exportName: variantByName.name, args: [named] };
}
