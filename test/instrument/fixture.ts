// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel with assembly/lib/test_kasan.ts compiled in, plain and sanitized. Compiled when its sources
 * are newer than what is there.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { sanitizedImage } from "../../host/instrument/image.ts";
import type { Report } from "../../host/instrument/report.ts";
import { describeReport, readReports } from "../../host/instrument/report.ts";
import { type Sanitized, sanitize } from "../../host/instrument/sanitize.ts";
import type { Located } from "../../host/instrument/site-lines.ts";
import type { Site } from "../../host/instrument/sites.ts";
import { compileImage, KERNEL_PATH, type KernelImage } from "../../host/machine/image.ts";
import type { Machine } from "../../host/machine/machine.ts";

const BUILD = dirname(KERNEL_PATH);
const ROOT = dirname(BUILD);
const WASM = join(BUILD, "test_kasan.wasm");
const SOURCE = "assembly/lib/test_kasan.ts";

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Math.max(...files.map((file) => statSync(join(folder, file)).mtimeMs));
}

function upToDate(): boolean {
  try {
    return statSync(`${WASM}.map`).mtimeMs > newest(join(ROOT, "assembly"));
  } catch {
    return false;
  }
}

function compile(): void {
  const asc = join(ROOT, "node_modules/assemblyscript/bin/asc.js");
  const options = "--config asconfig.json --transform ./assembly/transform.mjs".split(" ");
  const out = ["--outFile", WASM, "--sourceMap", "test_kasan.wasm.map"];
  execFileSync(process.execPath, [asc, "assembly/index.ts", SOURCE, ...options, ...out], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

if (!upToDate()) compile();
export const wasm = new Uint8Array(readFileSync(WASM));
export const map = readFileSync(`${WASM}.map`, "utf8");
const source = readFileSync(join(ROOT, SOURCE), "utf8").split("\n");

/** What the pass makes of it. */
export const sanitized: Sanitized = sanitize({ wasm, map });
export const plainImage: KernelImage = compileImage("kernel and test_kasan", wasm, "default");
const made = sanitizedImage({ wasm, map }, "default");
export const image: KernelImage = made.image;
export const sites: readonly Site[] = made.sites;
export const siteLines: Located = made.lines;

/** Line of test_kasan.ts that carries the comment `// mark`. */
export function lineOf(mark: string): number {
  const line = source.findIndex((text) => text.endsWith(`// ${mark}`)) + 1;
  if (line === 0) throw new Error(`[harness bug] no line is marked ${mark}`);
  return line;
}

/** `test_kasan.ts:57` for a site by its number. */
export function where(id: number | undefined): string {
  const site = sites[(id ?? 0) - 1];
  const at = site && siteLines.of(site);
  return at ? `${at.file.replace("lib/", "")}:${at.line}` : "nowhere";
}

export const marked = (mark: string) => `test_kasan.ts:${lineOf(mark)}`;

export function reportsOf(machine: Pick<Machine, "memory" | "kernel">): Report[] {
  return readReports(machine.memory, machine.kernel, sites);
}

export function describe(reports: readonly Report[]): string {
  return reports.flatMap((report) => describeReport(report, made)).join("\n");
}
