// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { drawEngines, engineOf } from "../../host/report/engines.ts";
import { parseResult } from "../../host/report/saved.ts";
import { styleFor } from "../../host/report/style.ts";
import type { EngineRows, Result } from "../../host/result/result.ts";
import { sampleResult } from "./sample-result.ts";

const CANVAS = { width: 80, style: styleFor(false) };

function inBun(): EngineRows {
  const { environment, pairs, removals } = sampleResult();
  const doubled = pairs.map((row) => ({ ...row, net: { ...row.net, median: 2 * row.net.median } }));
  const tier = { inForce: "unknown", selectable: false, addOverExchange: 1.5 } as const;
  return { engine: "bun 1.4.5", environment, tier, pairs: doubled.slice(1), removals };
}

test("a column an engine, a row a contender; what one of them lacks is a dash", () => {
  const lines = drawEngines({ ...sampleResult(), engines: [inBun()] }, CANVAS);
  const at = lines.indexOf("pair, shared device, 1 thread, ns/pair");
  assert.match(lines[at + 1] ?? "", /^contender +node 20\.20\.2 +bun 1\.4\.5$/);
  const row = (name: string) => lines.slice(at).find((line) => line.startsWith(`${name} `)) ?? "";
  assert.match(row("rwsem"), /^rwsem +10\.3 +-$/);
  assert.match(row("refcount"), /^refcount +14\.4 +28\.[789]$/);
  assert.ok(lines.includes("removal, idle"));
  assert.ok(lines.every((line) => line.length <= 80));
});

test("each engine's compiler is named below, with what it made of an atomic add", () => {
  const text = drawEngines({ ...sampleResult(), engines: [inBun()] }, CANVAS).join("\n");
  assert.match(text, "node 20.20.2: baseline compiler for every row; an atomic add costs 1.02");
  assert.match(text, "bun 1.4.5: the engine's own choice; an atomic add costs 1.50 of an exchange");
});

test("one engine alone has no table, and a result names its engine as well as it can", () => {
  assert.equal(drawEngines(sampleResult(), CANVAS), []);
  assert.is(engineOf(sampleResult()), "node 20.20.2");
  assert.is(engineOf({ environment: { engine: "deno 2.9.6", node: "26.3.0" } }), "deno 2.9.6");
});

test("the rows of other engines are read back whole, and refused damaged", () => {
  const result: Result = { ...sampleResult(), engines: [inBun()] };
  assert.equal(parseResult(JSON.stringify(result), "x"), JSON.parse(JSON.stringify(result)));
  const torn = JSON.stringify(result).replace('"engine":"bun 1.4.5"', '"engine":7');
  assert.throws(() => parseResult(torn, "x"), /engines\[0\]\.engine: expected text, saw 7/);
});

test.run();
