// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a suspendable kernel does at each instruction that touches memory, and at each call: it asks the
 * host first, through the imports of HOOKS.
 */
import type { Emitter, Weaver } from "./flow.ts";
import { type Instruction, OP } from "./instructions.ts";
import { encodeS32, encodeU32 } from "./leb.ts";
import { F32, F64, I32, I64 } from "./rewrite.ts";
import type { FunctionType, WasmModule } from "./wasm-binary.ts";

/** Imports of the module, from "check": name, parameters, results. The order is that of their indices. */
export const HOOKS = {
  /** (address, site): 1 takes the thread off before the access. */
  access: [[I32, I32], [I32]],
  /** (to, from or value, bytes, site): the same, for a range. */
  range: [[I32, I32, I32, I32], [I32]],
  /** (address, expected, timeout in ns, site): the same, for a wait. */
  wait: [[I32, I32, F64, I32], [I32]],
  /** The result of the wait that the thread was taken off at. */
  waited: [[], [I32]],
  /** (address, most): wakes; returns how many. */
  notify: [[I32, I32], [I32]],
  /** (site): 1 takes the thread off before it reads the clock. */
  clockAccess: [[I32], [I32]],
  /** (address): stores the time there, 8 bytes. */
  clock: [[I32], [I32]],
  /** (site): kzalloc() is called there; what it allocates is for its caller. */
  kzalloc: [[I32], []],
  /** (size, type, site of the call) */
  kmalloc: [[I32, I32, I32], [I32]],
  /** (address, site of the call): 1 takes the thread off before it frees. */
  freeing: [[I32, I32], [I32]],
  /** (address, site of the call) */
  kfree: [[I32, I32], []],
  /** (level, code, a, b, site of the call) */
  printk: [[I32, I32, I32, I32, I32], []],
  /** (code, a, b, site of the call): does not return. */
  panic: [[I32, I32, I32, I32], []],
} as const satisfies Record<string, readonly [readonly number[], readonly number[]]>;
export type Hook = keyof typeof HOOKS;

export const HOOK_NAMES = Object.keys(HOOKS) as Hook[];

/** Functions of the kernel that the host stands in for. */
const STAND_INS: Readonly<Record<string, Hook>> = {
  "assembly/mm/slab/kmalloc": "kmalloc",
  "assembly/mm/slab/kfree": "kfree",
  "assembly/arch/wasm/bug/printk": "printk",
  "assembly/arch/wasm/bug/panic": "panic",
};
/** A function of the kernel that stays, and allocates for whoever calls it. */
const KZALLOC = "assembly/mm/slab/kzalloc";
const CLOCK = "clock_time_get";
const TYPES: Readonly<Record<string, number>> = { i: I32, I: I64, f: F32, F: F64 };

/** What the host does in place of a function: of the module's, or an import of its. */
export function standIn(module: WasmModule, callee: number): Hook | "unreachable" | null {
  const name = module.functionNames.get(callee) ?? "";
  if (callee < module.importedFunctions) return name === CLOCK ? "clock" : "unreachable";
  return STAND_INS[name] ?? null;
}

export interface WeaverContext {
  readonly module: WasmModule;
  /** Functions in which a thread may be taken off. */
  readonly suspendable: ReadonlySet<number>;
  readonly indexOf: ReadonlyMap<number, number>;
  /** Site number of the instruction at an offset of the module. */
  readonly siteAt: ReadonlyMap<number, number>;
  readonly suspended: number;
}

function callHook(emit: Emitter, hook: Hook): void {
  emit.raw(OP.call, ...encodeU32(HOOK_NAMES.indexOf(hook)));
}

function constant(emit: Emitter, value: number): void {
  emit.raw(OP.i32Const, ...encodeS32(value));
}

function takeOff(emit: Emitter): void {
  emit.suspend(emit.point(null), true);
}

/** Moves operands from the stack into temporaries; returns those, in order. */
function operandTemps(emit: Emitter, types: readonly number[]): number[] {
  const temps = types.map((type, i) => emit.temp(`operand ${i}`, type));
  for (const temp of temps.toReversed()) emit.set(temp);
  return temps;
}

export class CoroutineWeaver implements Weaver {
  readonly #context: WeaverContext;

  constructor(context: WeaverContext) {
    this.#context = context;
  }

  functionIndex(callee: number): number {
    const index = this.#context.indexOf.get(callee);
    if (index === undefined) throw new Error(`wasm: function ${callee} is not in the image`);
    return index;
  }

  #site(at: number): number {
    const site = this.#context.siteAt.get(at);
    if (site === undefined) throw new Error(`wasm: no site at ${at}`);
    return site;
  }

  access(instruction: Instruction, emit: Emitter): void {
    const { access, at, end } = instruction;
    if (access === null) return;
    const site = this.#site(at);
    const types = [I32, ...[...access.operands].map((letter) => TYPES[letter] ?? I32)];
    const [address = 0, ...rest] = operandTemps(emit, types);
    emit.spill();
    emit.get(address);
    if (access.bytes === 0) for (const local of rest) emit.get(local);
    else if (access.offset !== 0) {
      constant(emit, access.offset);
      emit.raw(OP.i32Add);
    }
    if (access.kind === "wait") {
      const [expected = 0, timeout = 0] = rest;
      emit.get(expected);
      emit.get(timeout);
      emit.raw(OP.f64ConvertI64S);
    }
    constant(emit, site);
    callHook(emit, access.kind === "wait" ? "wait" : access.bytes === 0 ? "range" : "access");
    takeOff(emit);
    emit.refill();
    if (access.kind === "wait") {
      callHook(emit, "waited");
      return;
    }
    emit.get(address);
    if (access.kind === "notify") {
      constant(emit, access.offset);
      emit.raw(OP.i32Add);
    }
    for (const local of rest) emit.get(local);
    if (access.kind === "notify") callHook(emit, "notify");
    else emit.copy(this.#context.module.bytes.subarray(at, end));
  }

  call(callee: number, emit: Emitter, at: number): void {
    const { module, suspendable } = this.#context;
    const hook = standIn(module, callee);
    if (module.functionNames.get(callee) === KZALLOC) {
      constant(emit, this.#site(at));
      callHook(emit, "kzalloc");
    }
    if (hook === "unreachable") emit.raw(OP.unreachable);
    else if (hook === "clock") this.#readClock(emit, at);
    else if (hook === "kfree") this.#free(emit, at);
    else if (hook !== null) {
      constant(emit, this.#site(at));
      callHook(emit, hook);
    } else if (suspendable.has(callee)) this.#callSuspendable(callee, emit);
    else {
      // Has no frame: but all functions of the image have the two parameters.
      emit.raw(OP.i32Const, 0, OP.i32Const, 0, OP.call);
      emit.raw(...encodeU32(this.functionIndex(callee)));
    }
  }

  /** clock_time_get(id, precision, address) */
  #readClock(emit: Emitter, at: number): void {
    const [, , address = 0] = operandTemps(emit, [I32, I64, I32]);
    emit.spill();
    constant(emit, this.#site(at));
    callHook(emit, "clockAccess");
    takeOff(emit);
    emit.refill();
    emit.get(address);
    callHook(emit, "clock");
  }

  /** kfree(address) */
  #free(emit: Emitter, at: number): void {
    const [address = 0] = operandTemps(emit, [I32]);
    emit.spill();
    emit.get(address);
    constant(emit, this.#site(at));
    callHook(emit, "freeing");
    takeOff(emit);
    emit.refill();
    emit.get(address);
    constant(emit, this.#site(at));
    callHook(emit, "kfree");
  }

  #callSuspendable(callee: number, emit: Emitter): void {
    const type = this.#context.module.typeOf[callee] as FunctionType;
    if (!emit.bare) {
      const temps = operandTemps(emit, type.paramTypes);
      emit.spill();
      for (const temp of temps) emit.get(temp);
    }
    const [resultType] = type.resultTypes;
    const result = resultType === undefined ? null : emit.temp("result", resultType);
    const point = emit.point(result);
    emit.frame(point);
    constant(emit, 0);
    emit.raw(OP.call, ...encodeU32(this.functionIndex(callee)));
    if (result !== null) emit.set(result);
    emit.raw(OP.globalGet, ...encodeU32(this.#context.suspended));
    emit.suspend(point, false);
    emit.refill();
    if (result !== null) emit.get(result);
  }
}
