// SPDX-License-Identifier: GPL-2.0-only
/**
 * The line of assembly/ that each site came from, found when it is asked for.
 *
 * The compiler's map is not enough by itself. Inlined code keeps the line of the function that was
 * inlined, so READ_ONCE(sem) would be named as a line of atomic.ts wherever it stands; and a field's
 * load has no line at all. So a site whose own line is in one of the accessors' files, or which has
 * none, takes the nearest line of the code that computes its operands or uses its result, a line of the
 * function itself before one of inlined code; then of what stands before it. Functions of equal code are
 * one function in the module, with the name of one.
 */
import type { KernelText } from "../machine/image.ts";
import { type Step, walkFunction } from "./function-walk.ts";
import { OP } from "./instructions.ts";
import { baseName, type Site } from "./sites.ts";
import { type SourceLine, SourceLines } from "./source-lines.ts";
import { parseModule, type WasmModule } from "./wasm-binary.ts";

/** Files whose functions only wrap one instruction or one address. */
const ACCESSOR = /^arch\/wasm\/(atomic|percpu|memory)\.ts$/;
const LOOK_AHEAD = 8;
const ENDS_EXPRESSION: ReadonlySet<number> = new Set([OP.end, OP.else, OP.loop, OP.block]);

class FunctionLines {
  readonly #steps: readonly Step[];
  /** The source function that the wasm function was made from. */
  readonly #fn: string;
  /** The compiler's line of each step. */
  readonly #lines: readonly (SourceLine | null)[];

  constructor(lines: SourceLines, steps: readonly Step[], fn: string) {
    this.#steps = steps;
    this.#fn = baseName(fn);
    this.#lines = steps.map(({ instruction }) => lines.at(instruction.at));
  }

  #own(i: number): SourceLine | null {
    return this.#lines[i] ?? null;
  }

  /** The line of step `i` unless it is an accessor's. */
  #caller(i: number): SourceLine | null {
    const line = this.#own(i);
    return line === null || ACCESSOR.test(line.file) ? null : line;
  }

  #backwards(from: number, to: number): SourceLine | null {
    for (let i = from; i >= to; i--) {
      const line = this.#caller(i);
      if (line !== null) return line;
    }
    return null;
  }

  #ahead(from: number): SourceLine | null {
    for (let i = from; i < from + LOOK_AHEAD && i < this.#steps.length; i++) {
      const opcode = this.#steps[i]?.instruction.opcode ?? OP.end;
      if (ENDS_EXPRESSION.has(opcode)) return null;
      const line = this.#caller(i);
      if (line !== null) return line;
    }
    return null;
  }

  of(i: number): SourceLine | null {
    const operands = this.#steps[i]?.operands[0] ?? i;
    const own = this.#own(i);
    const operand = this.#backwards(i - 1, operands);
    const user = this.#ahead(i + 1);
    // An operand may come out of inlined code, and a field's load, which has no line, often does.
    const field = own === null && this.#steps[i]?.instruction.access?.kind === "load";
    const near = (field ? [user, operand] : [operand, user]).filter((line) => line !== null);
    return (
      this.#caller(i) ??
      near.find(({ fn }) => fn === this.#fn) ??
      near[0] ??
      this.#backwards(operands - 1, 0) ??
      own
    );
  }
}

/** Where sites come from. */
export interface Located {
  /** Null when the compiler left no trace of it. */
  of(site: Site): SourceLine | null;
}

export class SiteLines implements Located {
  readonly #text: KernelText;
  #module: WasmModule | undefined;
  #lines: SourceLines | undefined;
  readonly #functions = new Map<number, (offset: number) => SourceLine | null>();
  /** By offset: some are asked for again and again. */
  readonly #found = new Map<number, SourceLine | null>();

  /** @param text - of the kernel whose sites they are: nothing is read of it before a line is asked for */
  constructor(text: KernelText) {
    this.#text = text;
  }

  get module(): WasmModule {
    this.#module ??= parseModule(this.#text.wasm);
    return this.#module;
  }

  of(site: Site): SourceLine | null {
    const { offset } = site;
    const known = this.#found.get(offset);
    if (known !== undefined) return known;
    const found = this.#inFunction(site)(offset);
    this.#found.set(offset, found);
    return found;
  }

  #inFunction({ functionIndex, fn }: Site): (offset: number) => SourceLine | null {
    const known = this.#functions.get(functionIndex);
    if (known !== undefined) return known;
    this.#lines ??= new SourceLines(this.#text.map);
    const { module } = this;
    const body = module.bodies[functionIndex - module.importedFunctions];
    if (body === undefined) throw new Error(`wasm: there is no function ${functionIndex}`);
    const steps = walkFunction(module, body);
    const stepAt = new Map(steps.map(({ instruction }, i) => [instruction.at, i]));
    const lines = new FunctionLines(this.#lines, steps, fn);
    const find = (offset: number) => {
      const step = stepAt.get(offset);
      if (step === undefined) throw new Error(`wasm: no instruction begins at ${offset} in ${fn}`);
      return lines.of(step);
    };
    this.#functions.set(functionIndex, find);
    return find;
  }
}

/** `cxl_memdev_ioctl drivers/cxl/memdev/rwsem.ts:57`, with the wasm function if that is another. */
export function describeSite(site: Site, lines: Located): string {
  const source = lines.of(site);
  if (source === null) return site.fn;
  const { file, line, fn } = source;
  const where = `${fn || site.fn} ${file}:${line}`;
  return fn === "" || fn === baseName(site.fn) ? where : `${where} (inlined into ${site.fn})`;
}
