// SPDX-License-Identifier: GPL-2.0-only
/**
 * Benchmark.js suite of the single-threaded fast paths: one case a primitive, each case BATCH
 * operations inside wasm. Prints ns an operation, raw and net of the empty loop.
 *
 *   npm run bench:fastpath
 */
import Benchmark from "benchmark";
import { type FastPath, fastPaths, openKernel } from "./kernel.ts";

const BATCH = 10_000;
const MAX_SECONDS = 1;

interface Row {
  readonly ns: number;
  /** Relative margin of error of the mean, %. */
  readonly rme: number;
}

const paths = fastPaths(openKernel());
const rows = new Map<string, Row>();
const suite = new Benchmark.Suite();
for (const path of paths) {
  suite.add(path.name, () => path.run(BATCH), { maxTime: MAX_SECONDS });
}
suite.on("cycle", (event: Benchmark.Event) => {
  const { name, stats } = event.target as unknown as Benchmark & { name: string };
  rows.set(name, { ns: (stats.mean * 1e9) / BATCH, rme: stats.rme });
});
suite.on("complete", () => print(paths));
suite.run();

function print(all: readonly FastPath[]): void {
  const empty = rows.get("empty loop")?.ns ?? 0;
  const lines = [`${"fast path".padEnd(34)}${"ns/op".padStart(9)}${"net".padStart(9)}   ±`];
  for (const { name } of all) {
    const row = rows.get(name);
    if (!row) continue;
    const ns = row.ns.toFixed(2).padStart(9);
    const net = (row.ns - empty).toFixed(2).padStart(9);
    lines.push(`${name.padEnd(34)}${ns}${net}   ${row.rme.toFixed(1)} %`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}
