// SPDX-License-Identifier: GPL-2.0-only
/**
 * That no access of kernel.wasm goes without a site, and none that matters without a check: counted by
 * binaryen, and by wabt where it is installed.
 */
import { spawnSync } from "node:child_process";
import binaryen from "assemblyscript/binaryen";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { walkFunction } from "../../host/instrument/function-walk.ts";
import { OP } from "../../host/instrument/instructions.ts";
import { ReasonLeft, sanitize } from "../../host/instrument/sanitize.ts";
import { describeSite } from "../../host/instrument/site-lines.ts";
import { findSites, type Site, shortName } from "../../host/instrument/sites.ts";
import {
  exportedFunction,
  parseModule,
  type WasmModule,
} from "../../host/instrument/wasm-binary.ts";
import { KERNEL_PATH, readKernelText } from "../../host/machine/image.ts";

const text = readKernelText();
const { wasm } = text;
const made = sanitize(text);
const { lines } = made;
const described = (site: Site) => describeSite(site, lines);
const accesses = made.sites.filter(({ kind }) => kind !== "call");
const before = parseModule(wasm);

const instructionsOf = (module: WasmModule) =>
  module.bodies.map((body) => walkFunction(module, body).map(({ instruction }) => instruction));
const code = { before: instructionsOf(before), after: instructionsOf(parseModule(made.wasm)) };

/** What an address that is never forbidden ends with. */
const FIXED = new Set<number>([OP.i32Const, OP.globalGet, OP.localTee]);
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
  assert.is(counted.size, before.bodies.length);
  for (const [i, { index, name }] of before.bodies.entries()) {
    const own = accesses.filter(({ functionIndex }) => functionIndex === index);
    assert.equal(tally(own.map(({ what }) => what)), tally(counted.get(i) ?? []), name);
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
  const index = exportedFunction(before, callee);
  return code.after.flatMap((fn) =>
    fn.flatMap(({ opcode, immediate }, i) => {
      if (opcode !== OP.call || immediate !== index) return [];
      const constants = fn.slice(i - count, i);
      if (constants.some((instruction) => instruction.opcode !== OP.i32Const)) return [];
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
  const pushed = code.after.flatMap((fn) =>
    fn.flatMap(({ opcode }, i) => {
      const [tee, id] = fn.slice(Math.max(0, i - 2), i);
      const push = opcode === OP.i32Store && tee?.opcode === OP.localTee;
      return push && id?.opcode === OP.i32Const ? [id.immediate] : [];
    }),
  );
  const calls = made.sites.filter((site) => site.kind === "call" && checked(site));
  assert.ok(calls.length > 100);
  const numbers = new Set(pushed);
  assert.ok(calls.every(({ id }) => numbers.has(id)));
});

test("what is left alone: the allocators, notify, fixed addresses, calls that leave no trace", () => {
  const previous = new Map(
    code.before.flatMap((fn) => fn.map(({ at }, i) => [at, fn[i - 1]?.opcode])),
  );
  for (const site of made.sites) {
    const reason = made.left.get(site.id);
    const text = `${site.what} in ${described(site)}: ${reason}`;
    const fn = before.functionNames.get(site.functionIndex) ?? "";
    const mm = /^(assembly\/)?mm\/(slab|kasan|percpu)/;
    const own = mm.test(fn) || mm.test(lines.of(site)?.file ?? "");
    assert.is(reason === ReasonLeft.allocator, own, text);
    if (own) continue;
    assert.is(reason === ReasonLeft.untouched, site.kind === "notify", text);
    if (reason === ReasonLeft.callee) assert.is(site.kind, "call", text);
    if (reason === ReasonLeft.alwaysGood && site.kind === "load") {
      assert.ok(FIXED.has(previous.get(site.offset) ?? -1), text);
    }
  }
});

test("each access stands behind its check, unchanged", () => {
  const last = new Map<number, number>();
  for (const fn of code.after) {
    for (const { at, opcode } of fn) last.set(made.origin(at), opcode);
  }
  for (const fn of code.before) {
    for (const { at, opcode } of fn) assert.is(last.get(at), opcode, `at ${at}`);
  }
});

test("nearly every site has a line, and few of them are an accessor's", () => {
  const nowhere = made.sites.filter((site) => lines.of(site) === null);
  assert.ok(nowhere.length < made.sites.length / 200, nowhere.map(described).join());
  const accessors = made.sites.filter((site) => {
    const source = lines.of(site);
    return source?.file === "arch/wasm/atomic.ts" && source.fn !== site.fn;
  });
  assert.is(accessors.length, 0, accessors.map(described).join());
});

test("findSites() is for any pass: it tells what computes each address", () => {
  const functions = findSites(before);
  for (const { sites } of functions) {
    for (const { access, address, site } of sites) {
      if (access === null) continue;
      assert.ok(address.length > 0, described(site));
      assert.ok((address.at(-1)?.at ?? 0) < site.offset);
    }
  }
});

test("each export is a function of its own: a schedule names the one that was called", () => {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(wasm));
  const names = exports.flatMap(({ kind, name }) => (kind === "function" ? [name] : []));
  const indices = new Set(names.map((name) => exportedFunction(before, name)));
  assert.is(indices.size, names.length);
  const nameOf = (name: string) => before.functionNames.get(exportedFunction(before, name)) ?? "";
  for (const name of ["rcu_read_lock", "rcu_read_unlock", "READ_ONCE", "smp_load_acquire"]) {
    assert.is(shortName(nameOf(name)), name, "though they are the same code in pairs");
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
  const modules = [wasm, made.wasm].map((bytes) => new WebAssembly.Module(bytes));
  const [imports, imported] = modules.map(WebAssembly.Module.imports);
  const [exports, exported] = modules.map(WebAssembly.Module.exports);
  assert.equal(imported, imports);
  assert.equal(exported, exports);
});

const validate = spawnSync("wasm-validate", ["--version"]);

(validate.status === 0 ? test : test.skip)("wabt accepts the sanitized module", () => {
  const { status, stderr } = spawnSync("wasm-validate", ["--enable-threads", "-"], {
    input: made.wasm,
  });
  assert.is(status, 0, stderr.toString());
});

test.run();
