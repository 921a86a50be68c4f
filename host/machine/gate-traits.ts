// SPDX-License-Identifier: GPL-2.0-only
/** What each gate says of itself: by its methods, and in the header of its file. */
import type { KernelAbi } from "../abi/kernel.ts";
import type { EntrantOutcome } from "../result/result.ts";
import { gateId, gateNames } from "./driver.ts";
import { kernelImage, MAX_PAGES, MIN_PAGES } from "./image.ts";
import { kernelSources, paragraphIn } from "./summaries.ts";
import { wasiImports } from "./wasi.ts";

export interface GateTraits {
  readonly name: string;
  /** What becomes of who comes while a removal waits. */
  readonly entrants: EntrantOutcome;
  /** Whether a body may sleep inside. */
  readonly mayBodySleep: boolean;
  /** How many may be inside at once. */
  readonly admits: "many" | "one";
  readonly bytes: GateBytes;
  /** Who waits for what at a removal: that paragraph of the header. */
  readonly removal: string;
}

/** Bytes, as laid out by the module. */
export interface GateBytes {
  /** In each device, or allocated for it. */
  readonly device: number;
  /** For each device on each CPU. */
  readonly deviceAndCpu: number;
  /** Once. */
  readonly global: number;
  /** Once on each CPU. */
  readonly globalAndCpu: number;
}

export const ENTRANTS = {
  ENTRANTS_BLOCK: "blocks",
  ENTRANTS_FAIL: "fails",
  ENTRANTS_PASS: "passes",
  ENTRANTS_SPIN: "spins",
} as const satisfies Record<string, EntrantOutcome>;

/** The word for a value of ENTRANTS_*; undefined for a value that there is not. */
export function entrantsOf(abi: KernelAbi, value: number): EntrantOutcome | undefined {
  return Object.entries(ENTRANTS).find(([name]) => abi.constant(name) === value)?.[1];
}

/** Every gate, in the order of the table. Asks an instance that nobody has booted: that takes no state. */
export function gateTraits(): GateTraits[] {
  const { abi, module } = kernelImage("default");
  const pages = { initial: MIN_PAGES, maximum: MAX_PAGES, shared: true };
  const imports = wasiImports(new WebAssembly.Memory(pages));
  const { exports } = new WebAssembly.Instance(module, imports);
  const ask = (fn: string, ...args: number[]) =>
    (exports[fn] as (...args: number[]) => number)(...args);
  const headers = new Map(kernelSources());
  return gateNames(abi).map((name) => {
    const id = gateId(abi, name);
    const bytes = (where: string) => ask("gate_bytes", id, abi.constant(`BYTES_${where}`));
    return {
      name,
      entrants: entrantsOf(abi, ask("gate_entrants", id)) as EntrantOutcome, // a test asks them all
      mayBodySleep: ask("gate_body", id) === abi.constant("BODY_MAY_SLEEP"),
      admits: ask("gate_admits", id) === abi.constant("ADMITS_MANY") ? "many" : "one",
      bytes: {
        device: bytes("EMBEDDED") + bytes("HEAP"),
        deviceAndCpu: bytes("PER_CPU"),
        global: bytes("GLOBAL"),
        globalAndCpu: bytes("GLOBAL_PER_CPU"),
      },
      removal: paragraphIn(headers.get(`assembly/gates/${name}.ts`) ?? "", "Removal"),
    };
  });
}
