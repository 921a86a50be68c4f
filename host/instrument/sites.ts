// SPDX-License-Identifier: GPL-2.0-only
/**
 * The site table: every instruction of the kernel that touches memory, and every call. The lines of
 * assembly/ that they came from are in site-lines.ts.
 */
import type { Access, AccessKind } from "./accesses.ts";
import { type Step, walkFunction } from "./function-walk.ts";
import { type Instruction, OP } from "./instructions.ts";
import type { FunctionBody, WasmModule } from "./wasm-binary.ts";

export interface Site {
  /** From 1 on, of those that a pass works on. */
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

/** `assembly/gates/rwsem/rwsem_gate#kill` is `rwsem_gate#kill`; so within `<>`. */
export function shortName(name: string): string {
  return name.replace(/[^<>,]*\//g, "");
}

/** `run` for `client_op#run<rwsem_gate>`. */
export function baseName(fn: string): string {
  return fn.replace(/<.*>/g, "").replace(/^.*#/, "");
}

/** The code of the first operand of step `i`. */
function addressCode(steps: readonly Step[], i: number): Instruction[] {
  const { operands = [] } = steps[i] ?? {};
  return steps.slice(operands[0] ?? i, operands[1] ?? i).map(({ instruction }) => instruction);
}

/** The site of an instruction of `body`; null where it needs none. @param fn - the body's short name */
export function siteOf(
  module: WasmModule,
  body: FunctionBody,
  fn: string,
  { access, opcode, at, immediate }: Instruction,
  id: number,
): Site | null {
  if (access === null && opcode !== OP.call) return null;
  return {
    id,
    kind: access?.kind ?? "call",
    what: access?.mnemonic ?? shortName(module.functionNames.get(immediate) ?? ""),
    bytes: access?.bytes ?? 0,
    marked: access?.marked ?? false,
    fn,
    functionIndex: body.index,
    offset: at,
  };
}

/** Every access and every call of the module, in the order of its bytes. */
export function findSites(module: WasmModule): FunctionSites[] {
  let id = 0;
  return module.bodies.map((body) => {
    const steps = walkFunction(module, body);
    const fn = shortName(body.name);
    const sites: SiteStep[] = [];
    for (const [i, { instruction }] of steps.entries()) {
      const site = siteOf(module, body, fn, instruction, id + 1);
      if (site === null) continue;
      id += 1;
      const { access } = instruction;
      const address = access === null ? [] : addressCode(steps, i);
      sites.push({ site, instruction, access, address });
    }
    return { body, sites };
  });
}
