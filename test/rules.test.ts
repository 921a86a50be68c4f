// SPDX-License-Identifier: GPL-2.0-only
/**
 * That every numbered rule in a header of the kernel has a test which names it, and no test names a rule
 * that is not there.
 *
 * The rules are those of a header's "Rules:" section. A test names a rule by beginning with its tag:
 * "R7: ...", "R5, R6: ...", "U1-U5: ...". It stands in the folder of test/ that mirrors the rule's; and
 * where two files of a folder use the same tag, in a file that mirrors the rule's own: a/b_c.ts is
 * mirrored by a/b-c.test.ts and by a/b-c-*.test.ts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, extname } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { definedIn, expand } from "./support/rules.ts";

const root = extname(import.meta.url) === ".ts" ? "../" : "../../";

interface Source {
  /** Path below assembly/ or test/. */
  readonly path: string;
  readonly folder: string;
  /** Path without its suffix, in the spelling of test files. */
  readonly stem: string;
  readonly text: string;
}

function sources(top: string, suffix: string): Source[] {
  const at = fileURLToPath(new URL(`${root}${top}/`, import.meta.url));
  const paths = readdirSync(at, { recursive: true, encoding: "utf8" }).sort();
  return paths
    .filter((path) => path.endsWith(suffix))
    .map((path) => {
      const stem = path.slice(0, -suffix.length).replaceAll("_", "-");
      return { path, folder: dirname(path), stem, text: readFileSync(at + path, "utf8") };
    });
}

/** Tags under "Rules:" in the file's first comment. */
function rulesOf(source: string): string[] {
  const header = /\/\*\*.*?\*\//s.exec(source)?.[0] ?? "";
  const section = /\n \* Rules: (.*?)(?=\n \* ?[A-Z]|\n \*\n|\*\/)/s.exec(header)?.[1] ?? "";
  return [...section.matchAll(/^(?: \*)? {2,}([A-Z]\d+) {2,}/gm)].map(([, tag = ""]) => tag);
}

/** Tags that the titles of a test file begin with. */
function namedIn(source: string): string[] {
  const titles = /^[ \t]*\w+\(\s*["'`]([A-Z]\d+(?:(?:, |-)[A-Z]\d+)*): /gm;
  return [...source.matchAll(titles)].flatMap(([, tags = ""]) => expand(tags));
}

const kernel = sources("assembly", ".ts");
const tests = sources("test", ".test.ts");

/** The kernel file that a test file mirrors, if any: the one with the longest name that fits. */
function mirrored(file: Source): Source | undefined {
  return kernel
    .filter(({ stem }) => file.stem === stem || file.stem.startsWith(`${stem}-`))
    .sort((a, b) => b.stem.length - a.stem.length)[0];
}

/** Rules of `file` that no test names. */
function untested(file: Source): string[] {
  const beside = kernel.filter((other) => other !== file && other.folder === file.folder);
  const shared = new Set(beside.flatMap(({ text }) => rulesOf(text)));
  const near = tests.filter(({ folder }) => folder === file.folder);
  const own = near.filter((test) => mirrored(test) === file);
  const namedNear = new Set(near.flatMap(({ text }) => namedIn(text)));
  const namedOwn = new Set(own.flatMap(({ text }) => namedIn(text)));
  return rulesOf(file.text).filter((tag) => !(shared.has(tag) ? namedOwn : namedNear).has(tag));
}

test("headers and titles are read as they are meant", () => {
  const rwsem = kernel.find(({ path }) => path === "kernel/locking/rwsem.ts")?.text ?? "";
  const rules = expand("R1-R18");
  assert.equal(rulesOf(rwsem), rules);
  assert.equal(definedIn(rwsem), [...rules, "O1", "O2", "O3"]);
  const header = "/**\n * Rules:   A1  one\n *          A2  two\n * Cost:    B1  none\n */";
  assert.equal(rulesOf(header), ["A1", "A2"]);
  assert.equal(rulesOf("/** no rules */"), []);
  const titles = [
    'test("A1: one line", f);',
    "  test(\n    `A2, B3: two lines`,\n    f);",
    'staged("C1-C3: by a helper of the test", f);',
    'test.skip("E1: not run", f);',
    'assert.is(a, b, "F1: a message");',
  ];
  assert.equal(namedIn(titles.join("\n")), ["A1", "A2", "B3", "C1", "C2", "C3"]);
});

for (const file of kernel.filter(({ text }) => rulesOf(text).length > 0)) {
  test(`${file.path}: each of its ${rulesOf(file.text).length} rules has a test`, () => {
    assert.equal(untested(file), []);
  });
}

for (const folder of new Set(kernel.map((file) => file.folder))) {
  const near = tests.filter((file) => file.folder === folder);
  if (near.length === 0) continue;
  test(`test/${folder}: every rule that a test names is there`, () => {
    const here = kernel.filter((file) => file.folder === folder);
    const defined = new Set(here.flatMap(({ text }) => definedIn(text)));
    for (const { path, text } of near) {
      assert.equal(
        namedIn(text).filter((tag) => !defined.has(tag)),
        [],
        path,
      );
    }
  });
}

test.run();
