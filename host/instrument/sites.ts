// SPDX-License-Identifier: GPL-2.0-only
/**
 * The site table: every instruction of the kernel that touches memory, and every call, with the line
 * of assembly/ that it came from.
 *
 * The compiler's map is not enough by itself. Inlined code keeps the line of the function that was
 * inlined, so READ_ONCE(sem) would be named as a line of atomic.ts wherever it stands; and a field's
 * load has no line at all. So a site whose own line is in one of the accessors' files, or which has
 * none, takes the nearest line of the code that computes its operands or uses its result, a line of the
 * function itself before one of inlined code; then of what stands before it. Functions of equal code are one function in the module, with the name of one.
 */

import type { Access, AccessKind } from "./accesses.ts";
import { type Step, walkFunction } from "./function-walk.ts";
import { type Instruction, OP } from "./instructions.ts";
import { type SourceLine, SourceLines } from "./source-lines.ts";
import type { FunctionBody, WasmModule } from "./wasm-binary.ts";

export interface Site {
  /** From 1 on, in the order of the module's bytes. */
  readonly id: number;
  readonly kind: AccessKind | "call";
  /** `i32.atomic.rmw.add`; for a call, the callee's name. */
  readonly what: string;
  /** Size of the access; 0 for a range and a call. */
  readonly bytes: number;
  /** A plain store that is marked: WRITE_ONCE. */
  readonly marked: boolean;
  /** The wasm function that it stands in, without its path: `cxl_memdev_ioctl`. */
  readonly fn: string;
  readonly functionIndex: number;
  /** Offset of the instruction in kernel.wasm. */
  readonly offset: number;
  /** Null when the compiler left no trace of it. */
  readonly source: SourceLine | null;
}

/** A site and what a pass needs to put code before it. */
export interface SiteStep {
  readonly site: Site;
  readonly instruction: Instruction;
  readonly access: Access | null;
  /** The code that computes the address; empty for a call. */
  readonly address: readonly Instruction[];
}

export interface FunctionSites {
  readonly body: FunctionBody;
  readonly sites: readonly SiteStep[];
}

/** Files whose functions only wrap one instruction or one address. */
const ACCESSOR = /^arch\/wasm\/(atomic|percpu|memory)\.ts$/;
const LOOK_AHEAD = 8;
const ENDS_EXPRESSION: ReadonlySet<number> = new Set([OP.end, OP.else, OP.loop, OP.block]);

/** `assembly/gates/rwsem/rwsem_gate#kill` is `rwsem_gate#kill`; so within `<>`. */
export function shortName(name: string): string {
  return name.replace(/[^<>,]*\//g, "");
}

/** `run` for `client_op#run<rwsem_gate>`. */
export function baseName(fn: string): string {
  return fn.replace(/<.*>/g, "").replace(/^.*#/, "");
}

class Lines {
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

/** The code of the first operand of step `i`. */
function addressCode(steps: readonly Step[], i: number): Instruction[] {
  const { operands = [] } = steps[i] ?? {};
  return steps.slice(operands[0] ?? i, operands[1] ?? i).map(({ instruction }) => instruction);
}

/** Every access and every call of the module, in the order of its bytes. */
export function findSites(module: WasmModule, map: string): FunctionSites[] {
  const lines = new SourceLines(map);
  let id = 0;
  return module.bodies.map((body) => {
    const steps = walkFunction(module, body);
    const fn = shortName(body.name);
    const source = new Lines(lines, steps, fn);
    const sites: SiteStep[] = [];
    for (const [i, { instruction }] of steps.entries()) {
      const { access, opcode, at, immediate } = instruction;
      if (access === null && opcode !== OP.call) continue;
      id += 1;
      const site: Site = {
        id,
        kind: access?.kind ?? "call",
        what: access?.mnemonic ?? shortName(module.functionNames.get(immediate) ?? ""),
        bytes: access?.bytes ?? 0,
        marked: access?.marked ?? false,
        fn,
        functionIndex: body.index,
        offset: at,
        source: source.of(i),
      };
      const address = access === null ? [] : addressCode(steps, i);
      sites.push({ site, instruction, access, address });
    }
    return { body, sites };
  });
}

/** `cxl_memdev_ioctl drivers/cxl/memdev/rwsem.ts:57`, with the wasm function if that is another. */
export function describeSite(site: Site): string {
  if (site.source === null) return site.fn;
  const { file, line, fn } = site.source;
  const where = `${fn || site.fn} ${file}:${line}`;
  return fn === "" || fn === baseName(site.fn) ? where : `${where} (inlined into ${site.fn})`;
}
