// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds the native yardstick with the system's C compiler: every .c file of bench/native, and of its
 * peers those whose library is there. A peer says in its first lines what it is linked with.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MachineError } from "../../host/errors.ts";

const FLAGS = ["-O2", "-std=c11", "-pthread", "-Wall", "-Wextra", "-Wno-unused-parameter"];

const built = extname(import.meta.url) === ".ts" ? "../../" : "../../../";
export const SOURCES: string = fileURLToPath(new URL(`${built}bench/native/`, import.meta.url));
const BUILD = fileURLToPath(new URL(`${built}build/native/`, import.meta.url));

export interface Compiler {
  /** The program and what stands behind it in $CC. */
  readonly command: readonly [string, ...string[]];
  /** The first line of what it says of itself. */
  readonly version: string;
}

/** $CC or cc. @returns null when there is none */
export function findCompiler(env: NodeJS.ProcessEnv): Compiler | null {
  const [program = "cc", ...rest] = (env["CC"] || "cc").trim().split(/\s+/);
  const { status, stdout } = spawnSync(program, [...rest, "--version"], { encoding: "utf8" });
  if (status !== 0) return null;
  return { command: [program, ...rest], version: stdout.split("\n", 1)[0] ?? "" };
}

export interface Built {
  readonly path: string;
  /** Peers that were left out, by the names of their files: what they need is not installed. */
  readonly without: readonly string[];
}

/** `// libs: -lck` within a peer's first lines. */
const LIBS = /^\/\/ libs: (.+)$/m;

/**
 * @param sources - the folder of the twins, with a folder of peers in it
 * @param into - the folder that gets the program
 * @throws MachineError when a twin does not compile: it names the file and what the compiler said
 */
export function buildYardstick({ command }: Compiler, sources = SOURCES, into = BUILD): Built {
  mkdirSync(into, { recursive: true });
  const scratch = mkdtempSync(join(into, "tmp-"));
  try {
    const compile = (source: string) => compileOne(command, source, sources, scratch);
    const twins = cFiles(sources).map(compile);
    for (const { object, failure } of twins) if (object === null) throw new MachineError(failure);
    const objects = twins.flatMap(({ object }) => object ?? []);
    const libs: string[] = [];
    const without: string[] = [];
    for (const source of cFiles(join(sources, "peers"))) {
      const own = LIBS.exec(readFileSync(source, "utf8"))?.[1]?.split(" ") ?? [];
      const { object } = compile(source);
      const linked = object !== null && link(command, [...objects, object], own, scratch) === null;
      if (!linked) {
        without.push(basename(source, ".c"));
        continue;
      }
      objects.push(object);
      libs.push(...own.filter((lib) => !libs.includes(lib)));
    }
    const failure = link(command, objects, libs, scratch);
    if (failure !== null) throw new MachineError(failure);
    const path = join(into, "yardstick");
    renameSync(join(scratch, "yardstick"), path);
    return { path, without };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function cFiles(folder: string): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".c"));
  return files.sort().map((file) => join(folder, file));
}

interface Compiled {
  readonly object: string | null;
  readonly failure: string;
}

function compileOne(
  [cc, ...rest]: Compiler["command"],
  source: string,
  headers: string,
  into: string,
): Compiled {
  const object = join(into, `${basename(source, ".c")}.o`);
  const args = [...rest, ...FLAGS, "-I", headers, "-c", "-o", object, source];
  const { status, stderr } = spawnSync(cc, args, { encoding: "utf8" });
  if (status === 0) return { object, failure: "" };
  return { object: null, failure: `${basename(source)} does not compile: ${firstError(stderr)}` };
}

/** @returns null, or what the linker said */
function link(
  [cc, ...rest]: Compiler["command"],
  objects: readonly string[],
  libs: readonly string[],
  into: string,
): string | null {
  const args = [...rest, "-pthread", "-o", join(into, "yardstick"), ...objects, ...libs];
  const { status, stderr } = spawnSync(cc, args, { encoding: "utf8" });
  return status === 0 ? null : `bench/native does not link: ${firstError(stderr)}`;
}

function firstError(stderr: string | null): string {
  const lines = (stderr ?? "").split("\n");
  return lines.find((line) => line.includes("error")) ?? lines[0] ?? "";
}
