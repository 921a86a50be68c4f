// SPDX-License-Identifier: GPL-2.0-only
/**
 * The native process: started once, asked for one window at a time (the protocol stands in main.c), idle
 * between two questions, so that native and wasm take turns in one run.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CpuReport } from "../../host/bench/job.ts";
import { MachineError } from "../../host/errors.ts";
import type { Devices } from "../../host/result/asked.ts";

const KINDS = ["gate", "baseline", "peer"] as const;

export interface Twin {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  /** Its place in the process's list. */
  readonly index: number;
}

export interface ReadRequest {
  readonly threads: number;
  readonly devices: Devices;
  /** From 0 on: which of the twin's devices are used. */
  readonly round: number;
  readonly windowNs: number;
  readonly warmupNs: number;
}

/** What an answer may take beyond its window. */
const SLACK_MS = 30_000;

export class Yardstick {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #stderr = "";
  readonly #closed: Promise<unknown>;

  /** @param path - what buildYardstick() made */
  constructor(path: string) {
    this.#process = spawn(path, [], { stdio: "pipe" });
    this.#process.on("error", (error) => {
      this.#stderr += error.message;
    });
    this.#process.stdin.on("error", () => {}); // it has ended: the answer says so
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#closed = new Promise((resolve) => this.#process.once("close", resolve));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async twins(): Promise<Twin[]> {
    const lines = await this.#ask("list", 0);
    return lines.map((line, index) => {
      const [, kind = "", name = ""] = /^contender (\w+) (.+)$/.exec(line) ?? [];
      if (!isKind(kind)) throw new MachineError(`the native yardstick lists ${line}`);
      return { name, kind, index };
    });
  }

  /**
   * One window on `threads` pinned threads.
   *
   * @returns one report a thread
   * @throws MachineError when a section of it was turned away, or the process is gone
   */
  async read({ index, name }: Twin, request: ReadRequest): Promise<CpuReport[]> {
    const { threads, devices, round, windowNs, warmupNs } = request;
    const where = devices === "same" ? "shared" : "own";
    const command = `read ${index} ${threads} ${where} ${round} ${windowNs} ${warmupNs}`;
    return (await this.#ask(command, windowNs / 1e6, name)).map(reportIn);
  }

  /**
   * Whether a twin counts those inside and turns them away when closed.
   *
   * @returns null, or what is wrong with it
   */
  async check({ index }: Twin, threads: number, bursts: number): Promise<string | null> {
    try {
      await this.#ask(`check ${index} ${threads} ${bursts}`, 0);
      return null;
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#process.kill();
    await this.#closed;
  }

  /** @returns the lines of the answer, without the last */
  async #ask(command: string, windowMs: number, name = command): Promise<string[]> {
    this.#process.stdin.write(`${command}\n`);
    const late = setTimeout(() => this.#process.kill("SIGKILL"), windowMs + SLACK_MS);
    const answer: string[] = [];
    try {
      for (;;) {
        const { value: line, done } = await this.#lines.next();
        if (done) throw await this.#ended();
        if (line === "end") return answer;
        if (line.startsWith("failed ")) throw new Refusal(name, line.slice("failed ".length));
        answer.push(line);
      }
    } finally {
      clearTimeout(late);
    }
  }

  async #ended(): Promise<MachineError> {
    await this.#closed; // its last words have come
    const why = this.#stderr.trim() || "it did not answer in time, or was killed";
    return new MachineError(`the native yardstick ended: ${why}`);
  }
}

/** What the process said no to. */
class Refusal extends MachineError {
  constructor(name: string, why: string) {
    super(`native ${name}: ${why}`);
  }
}

function isKind(text: string): text is Twin["kind"] {
  return (KINDS as readonly string[]).includes(text);
}

/** `cpu DROPPED CLOCK OPS ELAPSED SAMPLE...` */
function reportIn(line: string): CpuReport {
  const [dropped = 0, clockNs = 0, ops = 0, elapsedNs = 0, ...samples] = line
    .split(" ")
    .slice(1)
    .map(Number);
  return { dropped, clockNs, ops, elapsedNs, samples: Uint32Array.from(samples) };
}
