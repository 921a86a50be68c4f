// SPDX-License-Identifier: GPL-2.0-only
/**
 * The engine below the machine: which compiler tier runs the kernel, and whether its `wait` is sound.
 *
 * V8 has two tiers, and they differ where this tool looks closest: the optimising one turns an atomic
 * add into a compare-exchange loop, the baseline one (Liftoff) emits `lock xadd` as a C compiler does.
 * So a result names its tier, and one process runs one tier:
 *
 *   baseline   --liftoff-only   every function stays in Liftoff, however hot
 *   optimized  --no-liftoff     TurboFan from a function's first call
 *   default    V8 11.3: as optimized, because of the bug below. Other versions: as tiering.
 *   tiering    V8's own, whatever the version: Liftoff first and TurboFan once a function is hot. For
 *              check alone, whose code has no wait in it: it starts sooner, and times nothing.
 *
 * Tried on node 20.20.2 (V8 11.3.244.8) by asking %IsLiftoffFunction / %IsTurboFanFunction about an
 * export before its first call, after it, and after 200,000 calls (test/machine/tier.test.ts repeats it):
 * no flag: Liftoff, then TurboFan. --liftoff-only: Liftoff, still Liftoff. --no-liftoff: TurboFan both
 * times. --no-wasm-tier-up alone does not hold a hot function back: dynamic tiering ignores it. Flags
 * act on what is compiled after they were set, in every thread of the process.
 *
 * V8 11.3's Liftoff zeroes the 4 bytes of the stack slot below the operands of memory.atomic.wait.
 * `waitBug` says whether the code that runs here has it; the kernel is built so that the slot is dead
 * (arch/wasm/futex.ts), and futex_canary() proves that on every CPU before it is used.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { MachineError, UsageError } from "../errors.ts";

export const TIERS = ["default", "baseline", "optimized"] as const;
export type Tier = (typeof TIERS)[number];
/** Any of them will do, and where none was chosen V8's own: does not stand in the way of a later choice. */
export const TIERING = "tiering";
type AnyTier = Tier | typeof TIERING;

/** What a process compiles wasm with, once it has begun to. */
export interface Engine {
  readonly tier: AnyTier;
  /** V8 flags that this process set. */
  readonly flags: readonly string[];
}

const PROCESS_KEY = Symbol.for("hotunplug.engine");
const store = globalThis as { [PROCESS_KEY]?: Engine };

/** The program that runs this, and its version; bun and deno name a node too, which they stand in for. */
export function engineName(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `bun ${bun}`;
  return deno === undefined ? `node ${node}` : `deno ${deno}`;
}

/** Whether V8 compiles the wasm. bun says so of itself, and is JavaScriptCore. */
export function isV8(): boolean {
  return typeof process.versions["v8"] === "string" && process.versions["bun"] === undefined;
}

function isDeno(): boolean {
  return process.versions["deno"] !== undefined;
}

/**
 * Whether this engine's compiler tier can be chosen: V8's can, by its flags. deno takes them only when
 * it starts (`deno run --v8-flags=--liftoff-only`): its setFlagsFromString() has no effect, by the
 * answers of %IsLiftoffFunction in deno 2.9.6. There one of them must have been given.
 */
export function tierSelectable(): boolean {
  return isV8() && (!isDeno() || startedWith().length > 0);
}

const BASELINE_FLAG = "--liftoff-only";
const OPTIMIZED_FLAG = "--no-liftoff";

/** @param commandLine - as /proc/PID/cmdline has it. @returns the flags in it that fix deno's tier */
export function tierFlagsIn(commandLine: string): string[] {
  const flags = commandLine.split("\0").flatMap((argument) => {
    return argument.startsWith("--v8-flags=")
      ? argument.slice("--v8-flags=".length).split(",")
      : [];
  });
  return flags.filter((flag) => flag === BASELINE_FLAG || flag === OPTIMIZED_FLAG);
}

/** Nothing else in a deno tells of its flags; where there is no /proc none are known. */
function startedWith(): string[] {
  try {
    return tierFlagsIn(readFileSync("/proc/self/cmdline", "utf8"));
  } catch {
    return [];
  }
}

/** V8's flags for a tier, on its command line or through node:v8. */
export function flagsFor(tier: Tier): string[] {
  if (tier === "baseline") return [BASELINE_FLAG];
  if (tier === "optimized") return [OPTIMIZED_FLAG];
  if (isDeno()) return startedWith();
  return process.versions["v8"]?.startsWith("11.3.") ? [OPTIMIZED_FLAG] : [];
}

/** @throws MachineError in a deno that was started without them */
function takeFlags(tier: Tier, flags: readonly string[]): void {
  if (!isDeno()) {
    for (const flag of flags) setFlagsFromString(flag);
    return;
  }
  const started = startedWith();
  if (flags.every((flag) => started.includes(flag))) return;
  throw new MachineError(
    `tier ${tier}: deno takes V8's flags only when it starts: deno run --v8-flags=${flags.join()}`,
  );
}

/**
 * Fixes the tier of this process. The first call decides, unless it was for TIERING; later ones must ask
 * for the same flags, or for TIERING.
 *
 * @throws UsageError for a tier that does not exist; MachineError when wasm was already compiled under
 * another tier, or when this engine has no tiers to choose from
 */
export function selectTier(tier: AnyTier): Engine {
  const chosen = store[PROCESS_KEY];
  if (tier === TIERING) {
    store[PROCESS_KEY] ??= { tier, flags: [] };
    return store[PROCESS_KEY];
  }
  if (!TIERS.includes(tier)) {
    throw new UsageError(`tier: ${JSON.stringify(tier)} is none of ${TIERS.join(", ")}`);
  }
  const flags = tierSelectable() ? flagsFor(tier) : [];
  if (tier !== "default" && flags.length === 0) {
    throw new MachineError(`tier ${tier}: this engine does not let its compiler tier be chosen`);
  }
  if (chosen === undefined || chosen.tier === TIERING) {
    takeFlags(tier, flags);
    store[PROCESS_KEY] = { tier, flags };
    return store[PROCESS_KEY];
  }
  if (chosen.flags.join() !== flags.join()) {
    throw new MachineError(
      `tier ${tier}: wasm was already compiled in tier ${chosen.tier} in this process; one process runs one tier`,
    );
  }
  return chosen;
}

/** A custom section of no content, as it stands at the end of a module. */
const MARK = [0, 2, 1, 0x74];

/**
 * A module's bytes, as they are to be compiled here. V8 keeps the code that it has made by the bytes that
 * it is of, whatever its flags are by then: so what is compiled under TIERING must be of other bytes, or a
 * tier that is chosen later would be given that code.
 */
export function bytesToCompile(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (store[PROCESS_KEY]?.tier !== TIERING) return bytes;
  const marked = new Uint8Array(bytes.length + MARK.length);
  marked.set(bytes);
  marked.set(MARK, bytes.length);
  return marked;
}

/** Which of V8's compilers makes all the code of this process; "unknown" where V8 or another engine decides. */
export function tierInForce(engine: Engine): "baseline" | "optimized" | "unknown" {
  if (engine.flags.includes(BASELINE_FLAG)) return "baseline";
  return engine.flags.includes(OPTIMIZED_FLAG) ? "optimized" : "unknown";
}

/**
 * (func (export "f") (param $x i32) (result i32) (local i32)
 *   (local.set 1 (i32.add (local.get 0) (i32.const 7)))
 *   (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1)))
 *   (local.get 1))
 * The memory's word is 0, not 1, so it does not wait.
 */
const RAW_CANARY =
  "AGFzbQEAAAABBgFgAX8BfwIJAQFtAW0CAwEBAwIBAAcFAQFmAAAKGgEYAQF/IABBB2ohAUEAQQFCf/4BAgAaIAEL";

/** True when compiled code loses a local across memory.atomic.wait32. Call after selectTier(). */
export function hasWaitBug(): boolean {
  const bytes = new Uint8Array(Buffer.from(RAW_CANARY, "base64"));
  const module = new WebAssembly.Module(bytesToCompile(bytes));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { f } = new WebAssembly.Instance(module, { m: { m: memory } }).exports;
  return (f as (x: number) => number)(35) !== 42;
}
