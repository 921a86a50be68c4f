// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel as threads that can be taken off before any access to memory: kernel.wasm, its functions
 * flattened (flow.ts) and woven with hooks (coroutine-weaver.ts), over a memory that is not shared.
 *
 * A thread's frames lie in linear memory, each with what is live in it and no more. So a thread that is
 * off is bytes: to snapshot, to compare, and to go on from costs what changed, however deep it stands.
 * Only functions that the roots reach are there.
 *
 * Exports, for each root f: f(params…, frame, 0). resume(end of the innermost frame): goes on until the
 * thread is taken off again (0) or its first function returns (1, the result being in CONTROL.result).
 * The word below a thread's first frame is 0.
 */
import { writeFunction } from "./coroutine-function.ts";
import { CoroutineWeaver, HOOK_NAMES, HOOKS, standIn } from "./coroutine-weaver.ts";
import { flatten } from "./flatten.ts";
import { decodeInstruction, type Instruction, OP } from "./instructions.ts";
import { encodeU32, Reader, Writer } from "./leb.ts";
import { liveAtPoints } from "./liveness.ts";
import { ModuleWriter, nameBytes } from "./module-writer.ts";
import { resumeBody, type Suspendable } from "./resume-function.ts";
import { I32, I64 } from "./rewrite.ts";
import { type Site, shortName, siteOf } from "./sites.ts";
import {
  exportedFunction,
  type FunctionBody,
  parseModule,
  type WasmModule,
} from "./wasm-binary.ts";

const LIMITS_WITHOUT_MAXIMUM = 0;
const EXPORTED_FUNCTION = 0;
const EXPORTED_GLOBAL = 3;
const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;

export interface CoroutineModule {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** A site's number is its index plus 1. */
  readonly sites: readonly Site[];
  /** Result types of the roots: whether the host finds 4 or 8 bytes. */
  readonly results: ReadonlyMap<string, "none" | "i32" | "i64">;
}

/** A function as it goes into the module. */
interface Part extends Suspendable {
  readonly code: Uint8Array;
}

/** A function that threads may come to. */
interface ReachedFunction {
  readonly body: FunctionBody;
  /** All of them, so that nobody decodes them again. */
  readonly instructions: Instruction[];
}

/**
 * Functions that `roots` call, in the order of their indices; which of them touch memory; and the sites
 * of all.
 */
function reach(module: WasmModule, roots: readonly number[]) {
  const callees = new Map<number, number[]>();
  const reached: ReachedFunction[] = [];
  const suspendable = new Set<number>();
  const sites: Site[] = [];
  const todo = [...roots];
  for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
    const body = module.bodies[index - module.importedFunctions];
    if (body === undefined || callees.has(index)) continue;
    const own: number[] = [];
    callees.set(index, own);
    const instructions: Instruction[] = [];
    reached.push({ body, instructions });
    const fn = shortName(body.name);
    for (let at = body.code; at < body.end; ) {
      const instruction = decodeInstruction(module.bytes, at);
      at = instruction.end;
      instructions.push(instruction);
      const site = siteOf(module, body, fn, instruction, sites.length + 1);
      if (site === null) continue;
      sites.push(site);
      if (instruction.access !== null) {
        suspendable.add(index);
        continue;
      }
      const { immediate: callee } = instruction;
      const hook = standIn(module, callee);
      if (hook === "clock" || hook === "kfree") suspendable.add(index);
      if (hook !== null) continue;
      own.push(callee);
      todo.push(callee);
    }
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const [index, own] of callees) {
      if (suspendable.has(index) || !own.some((callee) => suspendable.has(callee))) continue;
      suspendable.add(index);
      grew = true;
    }
  }
  reached.sort((a, b) => a.body.index - b.body.index);
  return { reached, suspendable, sites };
}

function importSection(image: ModuleWriter, minPages: number): number[] {
  const memory = [...nameBytes("env"), ...nameBytes("memory"), 2, LIMITS_WITHOUT_MAXIMUM];
  const hooks = HOOK_NAMES.flatMap((hook) => {
    const [params, results] = HOOKS[hook];
    const type = image.type(params, results);
    return [...nameBytes("check"), ...nameBytes(hook), 0, ...encodeU32(type)];
  });
  return [...encodeU32(1 + HOOK_NAMES.length), ...memory, ...encodeU32(minPages), ...hooks];
}

/** The module's own globals, and one more: whether a thread is being taken off. */
function globalSection(module: WasmModule): { content: number[]; suspended: number } {
  const section = module.sections.find(({ id }) => id === SECTION.global);
  const added = [I32, 1, OP.i32Const, 0, OP.end];
  const suspended = module.importedGlobals + module.globalTypes.length;
  if (section === undefined) return { content: [1, ...added], suspended };
  const reader = new Reader(module.bytes, section.start);
  const count = reader.u32();
  const own = module.bytes.subarray(reader.at, section.end);
  return { content: [...encodeU32(count + 1), ...own, ...added], suspended };
}

/** Makes the functions of the image; those that never touch memory are copied but for their callees. */
function weave(module: WasmModule, roots: readonly number[], suspended: number) {
  const { reached, suspendable, sites } = reach(module, roots);
  const indexOf = new Map(reached.map(({ body }, i) => [body.index, HOOK_NAMES.length + 1 + i]));
  const siteAt = new Map(sites.map(({ offset, id }) => [offset, id]));
  const weaver = new CoroutineWeaver({ module, suspendable, indexOf, siteAt, suspended });
  let firstPoint = 0;
  const parts = reached.map(({ body, instructions }): Part => {
    const flow = flatten(module, body, instructions, weaver);
    const code = writeFunction({ body, flow, live: liveAtPoints(flow), firstPoint, suspended });
    const part = { body, firstPoint, points: flow.points.length, code };
    firstPoint += part.points;
    return part;
  });
  return { parts, sites, indexOf, points: firstPoint + 1 };
}

function codeSection(bodies: readonly ArrayLike<number>[]): Uint8Array {
  const out = new Writer();
  out.append(encodeU32(bodies.length));
  for (const body of bodies) {
    out.append(encodeU32(body.length));
    out.append(body);
  }
  return out.written;
}

function resultName(type: number | undefined): "none" | "i32" | "i64" {
  if (type === undefined) return "none";
  return type === I64 ? "i64" : "i32";
}

/**
 * Makes the module.
 *
 * @param wasm - kernel.wasm
 * @param roots - exports that threads begin with
 * @param pages - of the memory, at the least
 * @throws Error for a root that is not exported, or code that asc never emits
 */
export function coroutineModule(
  wasm: Uint8Array,
  roots: readonly string[],
  pages: number,
): CoroutineModule {
  const module = parseModule(wasm);
  const image = new ModuleWriter();
  const { content: globals, suspended } = globalSection(module);
  const rootIndices = roots.map((root) => exportedFunction(module, root));
  const { parts, sites, indexOf, points } = weave(module, rootIndices, suspended);
  const imports = importSection(image, pages);
  const resumeType = image.type([I32], [I32]);
  const types = parts.map(({ body: { type } }) =>
    image.type([...type.paramTypes, I32, I32], type.resultTypes),
  );
  const newIndex = (index: number) => indexOf.get(index) ?? 0;
  const resume = resumeBody(parts, points, (body) => newIndex(body.index), suspended);
  const exported = roots.map((root, i) => [root, newIndex(rootIndices[i] ?? 0)] as const);
  image.section(SECTION.type, image.types());
  image.section(SECTION.import, imports);
  image.section(SECTION.function, [
    ...encodeU32(types.length + 1),
    ...[resumeType, ...types].flatMap((type) => encodeU32(type)),
  ]);
  image.section(SECTION.global, globals);
  image.section(SECTION.export, [
    ...encodeU32(exported.length + 2),
    ...[...nameBytes("resume"), EXPORTED_FUNCTION, ...encodeU32(HOOK_NAMES.length)],
    ...[...nameBytes("suspended"), EXPORTED_GLOBAL, ...encodeU32(suspended)],
    ...exported.flatMap(([name, index]) => [
      ...nameBytes(name),
      EXPORTED_FUNCTION,
      ...encodeU32(index),
    ]),
  ]);
  image.section(SECTION.code, codeSection([resume, ...parts.map(({ code }) => code)]));
  const results = new Map(
    roots.map((root, i) => {
      const type = module.typeOf[rootIndices[i] ?? 0]?.resultTypes[0];
      return [root, resultName(type)] as const;
    }),
  );
  return { wasm: image.finish(), sites, results };
}
