// SPDX-License-Identifier: GPL-2.0-only
/**
 * That no access of kernel.wasm goes without a site, and none that matters without a check: counted by
 * binaryen, by wabt where it is installed, and by the tests' own reader.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import binaryen from "assemblyscript/binaryen";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ReasonLeft, sanitize } from "../../host/instrument/sanitize.ts";
import { describeSite, findSites, type Site, shortName } from "../../host/instrument/sites.ts";
import { parseModule } from "../../host/instrument/wasm-binary.ts";
import { KERNEL_MAP_PATH, KERNEL_PATH, readKernel } from "../../host/machine/image.ts";
import { OP, readWasm, type WasmFunction } from "../wasm-binary.ts";

const wasm = readKernel();
const made = sanitize(wasm, readFileSync(KERNEL_MAP_PATH, "utf8"));
const accesses = made.sites.filter(({ kind }) => kind !== "call");
const before = readWasm(wasm);
const after = readWasm(made.wasm);

const I32_CONST = 0x41;
const LOCAL_TEE = 0x22;
const GLOBAL_GET = 0x23;
const READ = 0x80000000;
const MNEMONIC =
  /\b(?:[if]\d\d\.(?:atomic\.)?(?:load|store|rmw)[\w.]*|memory\.(?:copy|fill|atomic\.\w+))/;

function tally(mnemonics: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...mnemonics].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Mnemonics of the accesses in each function, in the order of the functions. */
function countedByBinaryen(): Map<number, string[]> {
  const module = binaryen.readBinary(wasm);
  const functions = new Map<number, string[]>();
  let current: string[] | undefined;
  for (const line of module.emitText().split("\n")) {
    if (line.startsWith(" (func ")) {
      current = [];
      functions.set(functions.size, current);
    }
    const found = /^\s+\(/.test(line) ? MNEMONIC.exec(line)?.[0] : undefined;
    if (found !== undefined) current?.push(found);
  }
  module.dispose();
  return functions;
}

test("binaryen finds the same accesses, function by function", () => {
  const counted = countedByBinaryen();
  assert.is(counted.size, before.functions.length);
  for (const [i, mnemonics] of counted) {
    const fn = before.functions[i] as WasmFunction;
    const own = accesses.filter(({ functionIndex }) => functionIndex === fn.index);
    assert.equal(tally(own.map(({ what }) => what)), tally(mnemonics), fn.name);
  }
});

const wabt = spawnSync("wasm-objdump", ["-d", KERNEL_PATH], { maxBuffer: 1 << 28 });

(wabt.status === 0 ? test : test.skip)("wabt finds the same accesses at the same offsets", () => {
  const found: string[] = [];
  for (const line of wabt.stdout.toString().split("\n")) {
    const [, offset, text = ""] = /^ ([0-9a-f]+): [0-9a-f ]+\|\s+(.*)$/.exec(line) ?? [];
    const mnemonic = offset === undefined ? undefined : MNEMONIC.exec(text)?.[0];
    if (mnemonic !== undefined) found.push(`${Number.parseInt(offset ?? "", 16)} ${mnemonic}`);
  }
  assert.equal(
    accesses.map(({ offset, what }) => `${offset} ${what}`),
    found,
  );
});

test("sites are numbered from 1 in the order of the bytes", () => {
  assert.equal(
    made.sites.map(({ id }) => id),
    made.sites.map((_, i) => i + 1),
  );
  assert.ok(
    made.sites.every(({ offset }, i) => i === 0 || offset > (made.sites[i - 1]?.offset ?? 0)),
  );
});

/** Constants that a call of `callee` is handed last: [bytes, site] or [site]. */
function argumentsOf(callee: string, count: number): number[][] {
  const index = after.functions.find(({ name }) => name.endsWith(`/${callee}`))?.index;
  return after.functions.flatMap(({ code }) =>
    code.flatMap(({ op, immediate }, i) => {
      if (op !== OP.call || immediate !== index) return [];
      const constants = code.slice(i - count, i);
      if (constants.some((instruction) => instruction.op !== I32_CONST)) return [];
      return [constants.map((instruction) => instruction.immediate >>> 0)];
    }),
  );
}

const checked = (site: Site) => !made.left.has(site.id);

test("every access that is not left alone is checked once, in its size", () => {
  const ranges = new Set(["copy", "fill"]);
  const scalars = accesses.filter((site) => checked(site) && !ranges.has(site.kind));
  assert.equal(
    argumentsOf("kasan_check", 2),
    scalars.map(({ bytes, id }) => [bytes, id]),
  );
  const expected = accesses
    .filter((site) => checked(site) && ranges.has(site.kind))
    .flatMap(({ kind, id }) => (kind === "copy" ? [[id], [(id | READ) >>> 0]] : [[id]]));
  assert.equal(argumentsOf("kasan_check_range", 1), expected);
});

test("every call that is not left alone leaves its number on the call stack", () => {
  const pushed = after.functions.flatMap(({ code }) =>
    code.flatMap(({ op, immediate }, i) =>
      op === 0x36 && code[i - 1]?.op === I32_CONST && code[i - 2]?.op === LOCAL_TEE
        ? [code[i - 1]?.immediate ?? immediate]
        : [],
    ),
  );
  const calls = made.sites.filter((site) => site.kind === "call" && checked(site));
  assert.ok(calls.length > 100);
  const numbers = new Set(pushed);
  assert.ok(calls.every(({ id }) => numbers.has(id)));
});

test("what is left alone: the allocators, notify, fixed addresses, calls that leave no trace", () => {
  const opcodes = new Map(
    before.functions.flatMap(({ code }) => code.map((c, i) => [c.at, code[i - 1]?.op])),
  );
  for (const site of made.sites) {
    const reason = made.left.get(site.id);
    const text = `${site.what} in ${describeSite(site)}: ${reason}`;
    const fn = before.functions.find(({ index }) => index === site.functionIndex)?.name ?? "";
    const mm = /^(assembly\/)?mm\/(slab|kasan|percpu)/;
    const own = mm.test(fn) || mm.test(site.source?.file ?? "");
    assert.is(reason === ReasonLeft.allocator, own, text);
    if (own) continue;
    assert.is(reason === ReasonLeft.untouched, site.kind === "notify", text);
    if (reason === ReasonLeft.callee) assert.is(site.kind, "call", text);
    if (reason === ReasonLeft.alwaysGood && site.kind === "load") {
      assert.ok([I32_CONST, GLOBAL_GET, LOCAL_TEE].includes(opcodes.get(site.offset) ?? -1), text);
    }
  }
});

test("each access stands behind its check, unchanged", () => {
  const old = new Map(before.functions.flatMap(({ code }) => code.map(({ at, op }) => [at, op])));
  const last = new Map<number, number>();
  for (const { code } of after.functions) {
    for (const { at, op } of code) last.set(made.origin(at), op);
  }
  for (const [at, op] of old) assert.is(last.get(at), op, `at ${at}`);
});

test("nearly every site has a line, and few of them are an accessor's", () => {
  const nowhere = made.sites.filter(({ source }) => source === null);
  assert.ok(nowhere.length < made.sites.length / 200, nowhere.map(describeSite).join());
  const accessors = made.sites.filter(
    ({ source, fn }) => source?.file === "arch/wasm/atomic.ts" && source.fn !== fn,
  );
  assert.is(accessors.length, 0, accessors.map(describeSite).join());
});

test("findSites() is for any pass: it tells what computes each address", () => {
  const module = parseModule(wasm);
  const functions = findSites(module, readFileSync(KERNEL_MAP_PATH, "utf8"));
  for (const { sites } of functions) {
    for (const { access, address, site } of sites) {
      if (access === null) continue;
      assert.ok(address.length > 0, describeSite(site));
      assert.ok((address.at(-1)?.at ?? 0) < site.offset);
    }
  }
});

test("a function's name is shortened without losing what it is made for", () => {
  assert.is(shortName("assembly/mm/slab/kmalloc"), "kmalloc");
  assert.is(
    shortName(
      "assembly/workload/storm/client_op#run<assembly/a/memdev<assembly/gates/rwsem/rwsem_gate>>",
    ),
    "client_op#run<memdev<rwsem_gate>>",
  );
});

test("the sanitized module is valid, and imports nothing new", () => {
  assert.ok(WebAssembly.validate(made.wasm));
  assert.equal(after.imports, before.imports);
  assert.equal(after.exports, before.exports);
  assert.equal(
    after.sections.filter((id) => id !== 0),
    before.sections.filter((id) => id !== 0),
  );
});

const validate = spawnSync("wasm-validate", ["--version"]);

(validate.status === 0 ? test : test.skip)("wabt accepts the sanitized module", () => {
  const { status, stderr } = spawnSync("wasm-validate", ["--enable-threads", "-"], {
    input: made.wasm,
  });
  assert.is(status, 0, stderr.toString());
});

test.run();
