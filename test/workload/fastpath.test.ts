// SPDX-License-Identifier: GPL-2.0-only
/** The loops behind `npm run bench:fastpath`: all of them are timed, and each leaves its object as it was. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fastPaths, openKernel } from "../../bench/kernel.ts";

const kernel = openKernel();
const paths = fastPaths(kernel);
const OBJECT_WORDS = 16;

test("every fast path of the kernel is a case of the suite, once", () => {
  const exported = [...kernel.functions].filter((name) => name.startsWith("fastpath_"));
  assert.equal(paths.map(({ fn }) => fn).sort(), exported.sort());
  assert.is(new Set(paths.map(({ name }) => name)).size, paths.length);
});

for (const { name, fn, object, run } of paths) {
  test(`${name}: the object is as before, and nothing is left allocated`, () => {
    const words = new Uint32Array(kernel.memory.buffer, object, OBJECT_WORDS);
    const live = () => kernel.call("slab_live", kernel.constant("SLAB_MISC"));
    run(1); // a reader leaves its name in the owner word
    const before = [words.slice(), live()];
    run(1000);
    assert.equal([words.slice(), live()], before, fn);
  });
}

test.run();
