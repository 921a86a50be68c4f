// SPDX-License-Identifier: GPL-2.0-only
/**
 * Numbers that stand for something, and that files choose on their own: callback ids and message codes.
 * A compiler says nothing of two cases with one number: the first wins.
 */
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernelImage } from "../host/machine/image.ts";

const root = extname(import.meta.url) === ".ts" ? "../" : "../../";
const ASSEMBLY = fileURLToPath(new URL(`${root}assembly/`, import.meta.url));

/** Every `export const NAME: u32 = number` of the kernel; NAME is unique in the module. */
function numbers(): Map<string, number> {
  const found = new Map<string, number>();
  for (const path of readdirSync(ASSEMBLY, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts")) continue;
    const text = readFileSync(ASSEMBLY + path, "utf8");
    for (const [, name = "", value] of text.matchAll(/^export const (\w+): u32 = (\w+);/gm)) {
      found.set(name, Number(value));
    }
  }
  return found;
}

/** Names that have a number which another one has, too. */
function sharing(names: Iterable<[string, number]>): string[] {
  const byNumber = new Map<number, string[]>();
  for (const [name, number] of names) {
    byNumber.set(number, [...(byNumber.get(number) ?? []), name]);
  }
  return [...byNumber.values()].filter((same) => same.length > 1).map((same) => same.join(" = "));
}

const known = numbers();
const table = readFileSync(`${ASSEMBLY}callbacks.ts`, "utf8");

test("two names with one number are seen", () => {
  const names: [string, number][] = [
    ["A", 1],
    ["B", 2],
    ["C", 1],
  ];
  assert.equal(sharing(names), ["A = C"]);
});

const dispatchers = [...table.matchAll(/^export function (\w+)\([\s\S]*?^}/gm)].filter(([text]) =>
  text.includes("switch"),
);
assert.ok(dispatchers.length > 0);
for (const [text, name] of dispatchers) {
  test(`${name}: no two callbacks share an id`, () => {
    const cases = [...text.matchAll(/^ {4}case (\w+):/gm)].map(([, id = ""]): [string, number] => {
      const number = known.get(id);
      assert.ok(number !== undefined, `${id} is no number that this test can read`);
      return [id, number];
    });
    assert.ok(cases.length > 0);
    assert.equal(sharing(cases), []);
  });
}

test("no two messages of the kernel share a code", () => {
  const { abi } = kernelImage("default");
  const names: [string, number][] = [...abi.constants].filter(([name]) =>
    /^(BUG|WARN|KERN|VIOLATION)_/.test(name),
  );
  assert.ok(names.length > 20);
  assert.equal(sharing(names), []);
});

test.run();
