// SPDX-License-Identifier: GPL-2.0-only
/** The wasm frames of an engine's stack text, with their source lines where the source map is there. */

export interface WasmFrame {
  readonly fn: string;
  /** Byte offset in the module, null where the engine gave none. */
  readonly offset: number | null;
}

// V8: "    at assembly/kernel/locking/rwsem/up_read (wasm://wasm/5a2bfb1e:wasm-function[12]:0x3f2)"
const V8_FRAME = /^\s*at (?:(\S+) \()?wasm:\/\/[^)]*?wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** Innermost first; frames of the host are left out. */
export function wasmFrames(stack: string): WasmFrame[] {
  const frames: WasmFrame[] = [];
  for (const line of stack.split("\n")) {
    const match = V8_FRAME.exec(line);
    if (match === null) continue;
    const [, name, index, offset] = match;
    const fn = name?.split("/").at(-1) ?? `wasm-function[${index}]`;
    frames.push({ fn, offset: offset === undefined ? null : Number.parseInt(offset, 16) });
  }
  return frames;
}
