// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the built kernel offers, by name, with a line on each, read from the sources in its source
 * map. The module itself is not looked at: compiling it here would fix the process's compiler tier
 * before a command has had its say.
 *
 *   gate "x"      GATE_X in gates/table.ts        header of gates/x.ts
 *   revision "x"  REV_X in drivers/cxl/memdev/    header of drivers/cxl/memdev/x.ts
 *   event "x"     EV_X in arch/wasm/events.ts     the comment behind the constant, if any
 */
import { MachineError } from "../errors.ts";
import { kernelSources, summaryIn } from "../machine/summaries.ts";

export interface Entry {
  readonly name: string;
  readonly id: number;
  /** One line; of an event often empty. */
  readonly summary: string;
}

export interface GateEntry extends Entry {
  /** Whether a body may sleep inside, as an ioctl does: else no driver is built with it. */
  readonly mayDrive: boolean;
}

export interface RevisionEntry extends Entry {
  /** Whether it is built with a gate of one's choice; the others bring their own. */
  readonly takesGate: boolean;
}

/** Each list by id. */
export interface Catalogue {
  readonly gates: readonly GateEntry[];
  readonly revisions: readonly RevisionEntry[];
  readonly events: readonly Entry[];
}

const GATES = "assembly/gates/";
const MEMDEV = "assembly/drivers/cxl/memdev/";
const EVENTS = "assembly/arch/wasm/events.ts";

/**
 * @param sources - path and text of each
 * @throws MachineError when there was no build
 */
export function readCatalogue(sources: Iterable<[string, string]> = kernelSources()): Catalogue {
  const texts = new Map(sources);
  const textOf = (path: string) => texts.get(path) ?? "";
  const memdev = [...texts].filter(([path]) => path.startsWith(MEMDEV)).map(([, text]) => text);
  const firsts = constantsIn(textOf(`${GATES}gate.ts`), "FIRST_");
  const firstAtomic = firsts.find(({ name }) => name === "atomic")?.id ?? Number.POSITIVE_INFINITY;
  const gates = constantsIn(textOf(`${GATES}table.ts`), "GATE_").map(({ name, id }) => {
    const summary = summaryIn(textOf(`${GATES}${name}.ts`), name);
    return { name, id, summary, mayDrive: id < firstAtomic };
  });
  const revisions = constantsIn(memdev.join("\n"), "REV_").map(({ name, id }) => {
    const text = textOf(`${MEMDEV}${name}.ts`);
    const takesGate = new RegExp(`class memdev_${name}<`).test(text);
    return { name, id, summary: summaryIn(text, name), takesGate };
  });
  const events = constantsIn(textOf(EVENTS), "EV_");
  if (gates.length === 0) {
    throw new MachineError("build/kernel.wasm.map is missing or empty: run npm run build");
  }
  return { gates, revisions, events };
}

/** `export const PREFIX_NAME: u32 = N; // comment`, names in lower case, ascending by N. */
function constantsIn(text: string, prefix: string): Entry[] {
  const pattern = new RegExp(`^export const ${prefix}(\\w+): u32 = (\\d+);(?: // (.*))?$`, "gm");
  const entries = [...text.matchAll(pattern)].map(([, name = "", id, summary = ""]) => {
    return { name: name.toLowerCase(), id: Number(id), summary };
  });
  return entries.sort((a, b) => a.id - b.id);
}
