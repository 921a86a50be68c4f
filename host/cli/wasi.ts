// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toJson } from "../report/write.ts";
import { define } from "./command.ts";
import { EXIT_INTERRUPTED, watchInterrupts } from "./interrupt.ts";
import { outputOf } from "./measure.ts";
import { bytes, duration } from "./options.ts";

const MIB = 2 ** 20;
const PAGE_BYTES = 65536;
const STDOUT = 1;

const OPTIONS = {
  memory: bytes(16 * MIB, 1024 * MIB, 64 * MIB, "memory of the machine"),
  deadline: duration(1e9, 3600e9, 120e9, "end it when it takes longer"),
};

export const wasi = define({
  name: "wasi",
  summary: "run kernel.wasm as a WASI command: a short storm through each gate",
  operands: "",
  operandCounts: [0],
  about:
    "Starts kernel.wasm as any engine with wasi-threads would, here under node:wasi: it boots, spawns its threads, storms each gate shortly, prints a line for each, and ends with status 0 or 1.",
  options: () => OPTIONS,
  examples: [["", "as a command; README.md says how to run it under other engines"]],
  run: async ({ values }, { terminal, runners, version }) => {
    const out = outputOf(values, terminal);
    const capture = values.json === null ? null : captureFile();
    const interruption = watchInterrupts(terminal.stderr, () => {
      out.target?.discard();
      capture?.remove();
    });
    try {
      const run = await runners.wasi();
      const startedMs = performance.now();
      const end = await run({
        pages: Math.ceil(values.memory / PAGE_BYTES),
        stdout: capture?.fd ?? STDOUT,
        deadlineMs: values.deadline / 1e6,
        signal: interruption.signal,
      });
      const durationS = (performance.now() - startedMs) / 1000;
      const lines = capture?.lines() ?? [];
      const tool = { name: "hotunplug", version };
      const json = toJson({ schema: 1, tool, command: "wasi", ...end, durationS, lines });
      out.page.print(lines);
      out.target?.save(json);
      out.stream?.write(json);
      return end.exitStatus ?? EXIT_INTERRUPTED;
    } finally {
      interruption.release();
      out.target?.discard();
      capture?.remove();
    }
  },
});

/** Takes what the command prints: its threads write to a descriptor, past this process's streams. */
function captureFile() {
  const folder = mkdtempSync(join(tmpdir(), "hotunplug-"));
  const path = join(folder, "stdout");
  const fd = openSync(path, "w");
  return {
    fd,
    lines: () => readFileSync(path, "utf8").split("\n").slice(0, -1),
    remove() {
      closeSync(fd);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
