// SPDX-License-Identifier: GPL-2.0-only
/**
 * The sanitizer pass: puts KASAN's check before every access of kernel.wasm and a push of the call's
 * site around every call. assembly/mm/kasan.ts is the other half, and has the rules.
 *
 *   access   reads the shadow byte of its last byte; only if that is not 0 calls kasan_check()
 *   range    calls kasan_check_range(), twice for a copy
 *   call     stores the site's number on the CPU's call stack, and takes it off behind the call
 *
 * Left alone: the allocators and KASAN themselves, told by the function and by the source file, since
 * either may have been inlined into the other; an address that is a constant of the memory map's
 * statics; atomic.notify, which touches no memory; calls of KASAN and of the host.
 *
 * Source: lib/Transforms/Instrumentation/AddressSanitizer.cpp's checks, for wasm's stack machine.
 */
import type { KernelText } from "../machine/image.ts";
import type { Access } from "./accesses.ts";
import { OP } from "./instructions.ts";
import { encodeS32, encodeU32 } from "./leb.ts";
import { F32, F64, FunctionEdit, I32, I64, type Rewritten, rewriteModule } from "./rewrite.ts";
import { type Located, SiteLines } from "./site-lines.ts";
import { findSites, type Site, type SiteStep } from "./sites.ts";
import { exportedConstant, exportedFunction, globalNamed, type WasmModule } from "./wasm-binary.ts";

export interface Sanitized extends Rewritten {
  /** Accesses and calls of the module; a site's number is its index plus 1. */
  readonly sites: readonly Site[];
  readonly lines: Located;
  /** Why a site is left alone, by its number; every other one is checked, or pushed. */
  readonly left: ReadonlyMap<number, ReasonLeft>;
}

export const ReasonLeft = {
  allocator: "the allocator's or KASAN's own code",
  untouched: "touches no memory",
  alwaysGood: "an address that is never forbidden",
  callee: "a call of the host or of KASAN",
} as const;
export type ReasonLeft = (typeof ReasonLeft)[keyof typeof ReasonLeft];

/** What the inserted code uses: indices, and values of the kernel's constants. */
interface Runtime {
  readonly check: number;
  readonly checkRange: number;
  readonly shadow: number;
  readonly stack: number;
  /** Global that holds the address of the CPU's unit. */
  readonly unit: number;
  readonly siteRead: number;
  /** Where the kernel's statics are, and how much of a unit is fixed fields of others than KASAN. */
  readonly staticsStart: number;
  readonly staticsEnd: number;
  readonly unitEnd: number;
}

const EXEMPT = /^mm\/(slab|kasan|percpu)/;
const TREE = /^assembly\//;
const KASAN = /^assembly\/(mm\/kasan|arch\/wasm\/percpu\/set_kasan)/;
const BLOCK_EMPTY = 0x40;
const TYPES: Readonly<Record<string, number>> = { i: I32, I: I64, f: F32, F: F64 };

const getLocal = (index: number) => [OP.localGet, ...encodeU32(index)];
const setLocal = (index: number) => [OP.localSet, ...encodeU32(index)];
const teeLocal = (index: number) => [OP.localTee, ...encodeU32(index)];
const getGlobal = (index: number) => [OP.globalGet, ...encodeU32(index)];
const setGlobal = (index: number) => [OP.globalSet, ...encodeU32(index)];
const constant = (value: number) => [OP.i32Const, ...encodeS32(value)];
const plus = (value: number) => (value === 0 ? [] : [...constant(value), OP.i32Add]);
const call = (index: number) => [OP.call, ...encodeU32(index)];

function runtimeOf(module: WasmModule): Runtime {
  return {
    check: exportedFunction(module, "kasan_check"),
    checkRange: exportedFunction(module, "kasan_check_range"),
    shadow: globalNamed(module, "kasan_shadow"),
    stack: globalNamed(module, "kasan_stack"),
    unit: globalNamed(module, "cpu_base"),
    siteRead: exportedConstant(module, "KASAN_SITE_READ"),
    staticsStart: exportedConstant(module, "BOOT_INFO"),
    staticsEnd: exportedConstant(module, "PERCPU_BASE"),
    unitEnd: exportedConstant(module, "PERCPU_SLAB"),
  };
}

/** Locals that hold the operands while the check runs: the address first. */
function operandLocals(edit: FunctionEdit, access: Access): number[] {
  const types = [I32, ...[...access.operands].map((letter) => TYPES[letter] ?? I32)];
  return types.map((type, i) => edit.local(`operand ${i}`, type));
}

function checkAccess(
  edit: FunctionEdit,
  runtime: Runtime,
  { site, instruction }: SiteStep,
  access: Access,
) {
  const locals = operandLocals(edit, access);
  const [address = 0, ...values] = locals;
  edit.insert(instruction.at, [
    ...values.toReversed().flatMap(setLocal),
    ...teeLocal(address),
    ...plus(access.offset + access.bytes - 1),
    ...constant(3),
    OP.i32ShrU,
    ...getGlobal(runtime.shadow),
    OP.i32Add,
    ...[OP.i32Load8U, 0, 0],
    ...[OP.if, BLOCK_EMPTY],
    ...getLocal(address),
    ...plus(access.offset),
    ...constant(access.bytes),
    ...constant(site.id),
    ...call(runtime.check),
    OP.end,
    ...locals.flatMap(getLocal),
  ]);
}

function checkRange(
  edit: FunctionEdit,
  runtime: Runtime,
  { site, instruction }: SiteStep,
  access: Access,
) {
  const locals = operandLocals(edit, access);
  const [to = 0, from = 0, bytes = 0] = locals;
  const check = (address: number, flags: number) => [
    ...getLocal(address),
    ...getLocal(bytes),
    ...constant((site.id | flags) >>> 0),
    ...call(runtime.checkRange),
  ];
  edit.insert(instruction.at, [
    ...locals.toReversed().flatMap(setLocal),
    ...check(to, 0),
    ...(access.kind === "copy" ? check(from, runtime.siteRead) : []),
    ...locals.flatMap(getLocal),
  ]);
}

function pushCall(edit: FunctionEdit, runtime: Runtime, { site, instruction }: SiteStep) {
  const frame = edit.local("frame", I32);
  edit.insert(instruction.at, [
    ...getGlobal(runtime.stack),
    ...teeLocal(frame),
    ...constant(site.id),
    ...[OP.i32Store, 2, 0],
    ...getLocal(frame),
    ...plus(4),
    ...setGlobal(runtime.stack),
  ]);
  edit.insert(instruction.end, [...getLocal(frame), ...setGlobal(runtime.stack)]);
}

/** True where nobody may ever be forbidden: statics at a constant address, fixed fields of the own unit. */
function alwaysGood({ address, access }: SiteStep, runtime: Runtime): boolean {
  const [first, second, third] = address;
  if (first === undefined || access === null) return false;
  const end = access.offset + access.bytes;
  if (first.opcode === OP.i32Const && second === undefined) {
    const at = first.immediate + access.offset;
    return at >= runtime.staticsStart && first.immediate + end <= runtime.staticsEnd;
  }
  const unit = first.opcode === OP.globalGet && first.immediate === runtime.unit;
  const alone = second === undefined || (second.opcode === OP.localTee && third === undefined);
  return unit && alone && end <= runtime.unitEnd;
}

/** True for the allocator's and KASAN's own code, wherever it was inlined to. */
function exempt(file: string, functionName: string): boolean {
  return EXEMPT.test(file) || EXEMPT.test(functionName.replace(TREE, ""));
}

function reasonLeft(
  module: WasmModule,
  runtime: Runtime,
  functionName: string,
  step: SiteStep,
  lines: Located,
): ReasonLeft | null {
  const { site, access, instruction } = step;
  if (exempt(lines.of(site)?.file ?? "", functionName)) return ReasonLeft.allocator;
  if (access === null) {
    const callee = module.functionNames.get(instruction.immediate) ?? "";
    const imported = instruction.immediate < module.importedFunctions;
    return imported || KASAN.test(callee) ? ReasonLeft.callee : null;
  }
  if (access.kind === "notify") return ReasonLeft.untouched;
  return alwaysGood(step, runtime) ? ReasonLeft.alwaysGood : null;
}

function instrument(edit: FunctionEdit, runtime: Runtime, step: SiteStep): void {
  const { access } = step;
  if (access === null) pushCall(edit, runtime, step);
  else if (access.bytes === 0) checkRange(edit, runtime, step, access);
  else checkAccess(edit, runtime, step, access);
}

/**
 * Makes the sanitized variant of the kernel.
 *
 * @throws Error when the module lacks what assembly/mm/kasan.ts exports, or holds what asc never emits
 */
export function sanitize(text: KernelText): Sanitized {
  const lines = new SiteLines(text);
  const { module } = lines;
  const runtime = runtimeOf(module);
  const functions = new Map<number, FunctionEdit>();
  const sites: Site[] = [];
  const left = new Map<number, ReasonLeft>();
  for (const { body, sites: steps } of findSites(module)) {
    const edit = new FunctionEdit(body);
    functions.set(body.index, edit);
    for (const step of steps) {
      sites.push(step.site);
      const reason = reasonLeft(module, runtime, body.name, step, lines);
      if (reason === null) instrument(edit, runtime, step);
      else left.set(step.site.id, reason);
    }
  }
  const globals = new Map([[runtime.stack, exportedConstant(module, "KASAN_BOOT_STACK")]]);
  const rewritten = rewriteModule(module, { functions, globals, drop: ["sourceMappingURL"] });
  return { ...rewritten, sites, lines, left };
}
