// SPDX-License-Identifier: GPL-2.0-only
/** A worker thread of a parallel search: it makes a machine of its own, searches, answers and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { prepare } from "../configuration.ts";
import { imageOf } from "../image.ts";
import type { Variant } from "../scenario.ts";
import type { Assignment, Place, VariantSource } from "./protocol.ts";
import { Search } from "./search.ts";

async function variantOf({ moduleUrl, exportName, args }: VariantSource): Promise<Variant> {
  const exports = (await import(moduleUrl)) as Record<string, unknown>;
  const make = exports[exportName];
  if (typeof make !== "function") {
    throw new Error(`[harness bug] ${moduleUrl} exports no function ${exportName}`);
  }
  return make(...args);
}

const { shared, worker, source } = workerData as Place;
const assigned = new Promise<Assignment>((resolve) => parentPort?.once("message", resolve));
const variant = await variantOf(source);
const { woven, configuration } = await assigned;
const image = imageOf(woven);
const on = prepare(image, { ...configuration, variant });
const ended = new Search(on, configuration, shared, worker).run();
const { parents, actions, graph } = ended;
const arrays = [parents, actions, ...(graph === null ? [] : Object.values(graph))];
parentPort?.postMessage(
  ended,
  arrays.map(({ buffer }) => buffer),
);
