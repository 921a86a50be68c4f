// SPDX-License-Identifier: GPL-2.0-only
/**
 * Walks a function in the order of its bytes, and says of each instruction where the code that
 * computes its operands begins. Any pass over the kernel starts here.
 */
import { decodeInstruction, type Instruction, OP } from "./instructions.ts";
import type { FunctionBody, WasmModule } from "./wasm-binary.ts";

export interface Step {
  readonly instruction: Instruction;
  /** For each operand, the index of the step that its code starts at; it ends where the next starts. */
  readonly operands: readonly number[];
}

interface Frame {
  /** Index of the step that a result of the block starts at. */
  readonly start: number;
  readonly height: number;
  readonly results: number;
  unreachable: boolean;
}

const BLOCK_EMPTY = -0x40;

function blockType(module: WasmModule, immediate: number): { params: number; results: number } {
  if (immediate === BLOCK_EMPTY) return { params: 0, results: 0 };
  if (immediate < 0) return { params: 0, results: 1 };
  return module.types[immediate] ?? { params: 0, results: 0 };
}

/** What an instruction takes and leaves, those included whose type is an index. */
function effect(module: WasmModule, { opcode, immediate, pops, pushes }: Instruction) {
  if (opcode === OP.call) {
    const { params = 0, results = 0 } = module.typeOf[immediate] ?? {};
    return { pops: params, pushes: results };
  }
  if (opcode === OP.callIndirect) {
    const { params = 0, results = 0 } = module.types[immediate] ?? {};
    return { pops: params + 1, pushes: results };
  }
  return { pops, pushes };
}

class Walk {
  readonly steps: Step[] = [];
  readonly #module: WasmModule;
  /** For each value on the stack, the index of the step that its code starts at. */
  readonly #stack: number[] = [];
  readonly #frames: Frame[];

  constructor(module: WasmModule, body: FunctionBody) {
    this.#module = module;
    const { results } = body.type;
    this.#frames = [{ start: 0, height: 0, results, unreachable: false }];
  }

  get done(): boolean {
    return this.#frames.length === 0;
  }

  #frame(): Frame {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new Error("wasm: an instruction follows the function's end");
    return frame;
  }

  /** Takes `n` values; returns where the code of each starts. */
  #pop(n: number, own: number): number[] {
    const frame = this.#frame();
    const from = Math.max(frame.height, this.#stack.length - n);
    const starts = this.#stack.splice(from);
    if (starts.length < n && !frame.unreachable)
      throw new Error(`wasm: step ${own} lacks operands`);
    while (starts.length < n) starts.unshift(starts[0] ?? own);
    return starts;
  }

  #cut(height: number): void {
    this.#stack.length = Math.min(this.#stack.length, height);
  }

  #push(n: number, start: number): void {
    for (let i = 0; i < n; i++) this.#stack.push(start);
  }

  add(instruction: Instruction): void {
    const own = this.steps.length;
    const { pops, pushes } = effect(this.#module, instruction);
    const operands = this.#pop(pops, own);
    const start = operands[0] ?? own;
    this.steps.push({ instruction, operands });
    switch (instruction.opcode) {
      case OP.block:
      case OP.loop:
      case OP.if: {
        const { params, results } = blockType(this.#module, instruction.immediate);
        const first = this.#pop(params, start)[0] ?? start;
        const height = this.#stack.length;
        this.#frames.push({ start: first, height, results, unreachable: false });
        this.#push(params, first);
        return;
      }
      case OP.else: {
        const frame = this.#frame();
        this.#cut(frame.height);
        frame.unreachable = false;
        return;
      }
      case OP.end: {
        const frame = this.#frame();
        this.#cut(frame.height);
        this.#frames.pop();
        this.#push(frame.results, frame.start);
        return;
      }
      case OP.br:
      case OP.brTable:
      case OP.return:
      case OP.unreachable: {
        const frame = this.#frame();
        this.#cut(frame.height);
        frame.unreachable = true;
        return;
      }
      default:
        this.#push(pushes, start);
    }
  }
}

/** The instructions of a function, the closing `end` included. */
export function walkFunction(module: WasmModule, body: FunctionBody): readonly Step[] {
  const walk = new Walk(module, body);
  let at = body.code;
  while (!walk.done) {
    const instruction = decodeInstruction(module.bytes, at);
    walk.add(instruction);
    at = instruction.end;
  }
  if (at !== body.end) throw new Error(`wasm: ${body.name} does not end at its end`);
  return walk.steps;
}
