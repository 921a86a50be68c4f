// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernelImage } from "../../host/machine/image.ts";
import { gateSummaries, kernelSources, summaryIn } from "../../host/machine/summaries.ts";
import { gatesOf } from "../gates/guests.ts";

test("the sources are those of the module, and say what they are", () => {
  const sources = new Map(kernelSources());
  assert.ok(sources.size > 50);
  assert.match(sources.get("assembly/gates/rwsem.ts") ?? "", /^\/\/ SPDX-License-Identifier/);
});

test("each gate has a summary of one line, without its name and its stop", () => {
  const gates = gatesOf(kernelImage("default").abi).map(({ name }) => name);
  assert.equal([...gateSummaries().keys()].sort(), gates.sort());
  for (const summary of gateSummaries().values()) assert.match(summary, /^[a-z].{15,}[^.:]$/);
});

test("a summary is the first line of the header", () => {
  assert.is(summaryIn("// SPDX\n/**\n * srcu — two ranks.\n * more\n */", "srcu"), "two ranks");
  assert.is(summaryIn("// SPDX\n/**\n * Other words:\n */", "srcu"), "Other words");
  assert.is(summaryIn("// SPDX\nexport const A = 1;", "srcu"), "");
});

test.run();
