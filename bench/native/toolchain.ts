// SPDX-License-Identifier: GPL-2.0-only
/**
 * Builds the native yardstick with the system's C compiler: every .c file of bench/native, and of its
 * peers those whose library is there. A peer says in its first lines what it is linked with.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MachineError } from "../../host/errors.ts";

const FLAGS = [
  "-O2",
  "-std=c11",
  "-D_GNU_SOURCE",
  "-pthread",
  "-Wall",
  "-Wextra",
  "-Wno-unused-parameter",
];

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
 * Objects that are newer than their source and all headers are used again.
 *
 * @param sources - the folder of the twins, with a folder of peers in it
 * @param into - the folder that gets the program and its objects
 * @throws MachineError when a twin does not compile: it names the file and what the compiler said
 */
export function buildYardstick(compiler: Compiler, sources = SOURCES, into = BUILD): Built {
  const objects = objectFolder(compiler, into);
  const headers = newest(filesIn(sources, ".h").concat(filesIn(join(sources, "peers"), ".h")));
  const compile = (source: string) =>
    compileOne(compiler, source, { headers, include: sources, into: objects });
  const twins = filesIn(sources, ".c").map(compile);
  for (const { failure } of twins) if (failure !== null) throw new MachineError(failure);
  let linked = twins.map(({ object }) => object);
  let libs: readonly string[] = [];
  const path = join(into, "yardstick");
  const without: string[] = [];
  for (const source of filesIn(join(sources, "peers"), ".c")) {
    const own = LIBS.exec(readFileSync(source, "utf8"))?.[1]?.split(" ") ?? [];
    const more = [...libs, ...own.filter((lib) => !libs.includes(lib))];
    const { object, failure } = compile(source);
    if (failure === null && linkable(compiler, own, into)) {
      linked = [...linked, object];
      libs = more;
    } else without.push(basename(source, ".c"));
  }
  const failure = link(compiler, [...linked, ...libs], path);
  if (failure !== null) throw new MachineError(failure);
  return { path, without };
}

/** Where the compiler's objects are kept; another one begins anew. */
function objectFolder({ command, version }: Compiler, into: string): string {
  const folder = join(into, "objects");
  const stamp = join(folder, "compiler");
  const made = [version, ...command, ...FLAGS].join(" ");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== made) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(stamp, made);
  }
  return folder;
}

function filesIn(folder: string, extension: string): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(extension));
  return files.sort().map((file) => join(folder, file));
}

/** When the last of them was changed, ms. */
function newest(files: readonly string[]): number {
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

interface Compiled {
  readonly object: string;
  readonly failure: string | null;
}

interface Setting {
  /** When a header was last changed, ms. */
  readonly headers: number;
  readonly include: string;
  readonly into: string;
}

function compileOne({ command }: Compiler, source: string, setting: Setting): Compiled {
  const object = join(setting.into, `${basename(source, ".c")}.o`);
  const since = Math.max(newest([source]), setting.headers);
  const before = statSync(object, { throwIfNoEntry: false });
  if (before && before.mtimeMs > since) return { object, failure: null };
  const temporary = `${object}.${process.pid}.tmp`;
  const said = tool(command, [...FLAGS, "-I", setting.include, "-c", "-o", temporary, source]);
  if (said === null) renameSync(temporary, object);
  return { object, failure: said && `${basename(source)} does not compile: ${firstError(said)}` };
}

/** Whether a peer's libraries are there. */
function linkable({ command }: Compiler, libs: readonly string[], into: string): boolean {
  if (libs.length === 0) return true;
  const probe = join(into, `probe.${process.pid}.tmp`);
  const said = tool(command, ["-shared", "-pthread", "-o", probe, ...libs]);
  rmSync(probe, { force: true });
  return said === null;
}

/** @returns null, or what the linker said */
function link({ command }: Compiler, parts: readonly string[], path: string): string | null {
  const temporary = `${path}.${process.pid}.tmp`;
  const said = tool(command, ["-pthread", "-o", temporary, ...parts]);
  if (said === null) renameSync(temporary, path);
  return said && `bench/native does not link: ${firstError(said)}`;
}

/** @returns null, or what it said against it */
function tool([cc, ...rest]: Compiler["command"], args: readonly string[]): string | null {
  const { status, stderr } = spawnSync(cc, [...rest, ...args], { encoding: "utf8" });
  return status === 0 ? null : stderr || `${cc} ended with status ${status}`;
}

function firstError(stderr: string): string {
  const lines = stderr.split("\n");
  return lines.find((line) => line.includes("error")) ?? lines[0] ?? "";
}
