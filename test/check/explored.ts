// SPDX-License-Identifier: GPL-2.0-only
/** Entries of the suite, explored as far as a test has time for. */
import type { KernelAbi } from "../../host/abi/kernel.ts";
import { DEFAULT_SEARCH, explore, prepare } from "../../host/check/configuration.ts";
import type { Explored } from "../../host/check/explored.ts";
import type { CheckImage } from "../../host/check/image.ts";
import type { SuiteEntry } from "../../host/check/scenarios/table.ts";
import { checkImage } from "../../host/check/weave.ts";
import { kernelImage } from "../../host/machine/image.ts";
import type { MemoryModel } from "../../host/result/check.ts";

export const abi: KernelAbi = kernelImage("default").abi;

const images = new Map<string, CheckImage>();

/** One image for all variants of a scenario: to make one takes longer than most of them. */
function imageFor(entry: SuiteEntry, all: readonly SuiteEntry[]): CheckImage {
  const { name } = entry.scenario;
  let image = images.get(name);
  if (image === undefined) {
    const same = all.filter(({ scenario }) => scenario.name === name);
    image = checkImage([...new Set(same.flatMap(({ variant }) => variant.roots))]);
    images.set(name, image);
  }
  return image;
}

/** As in "removal/client-remover put_device+rwsem". */
export function nameOf({ scenario, driver, variant }: SuiteEntry): string {
  const gate = driver?.gate ?? null;
  const subject = driver === null ? "" : ` ${driver.revision}${gate === null ? "" : `+${gate}`}`;
  return `${scenario.name}/${variant.name}${subject}`;
}

/** Explores `entry`, of `all`. */
export function explored(
  entry: SuiteEntry,
  all: readonly SuiteEntry[],
  maxStates: number,
  memory: MemoryModel = "sc",
): Explored {
  const { variant } = entry;
  const configuration = { ...DEFAULT_SEARCH, variant, memory, maxStates } as const;
  const on = prepare(imageFor(entry, all), configuration);
  return explore(on, configuration, () => false);
}
