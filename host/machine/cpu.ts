// SPDX-License-Identifier: GPL-2.0-only
/**
 * One CPU as the main thread sees it: a worker and the calls that wait for it, made one at a time in
 * the order they were asked for. Each call has its own deadline, counted from when it was made.
 */
import { MachineError } from "../errors.ts";
import type { PooledWorker, Tenant } from "./pool.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";

export interface Request {
  readonly message: ToWorker;
  readonly deadlineMs: number;
  /** For messages: what was being done. */
  readonly what: string;
  readonly gate: string | null;
  resolve(answer: FromWorker): void;
  reject(error: Error): void;
}

/** How a CPU tells its machine what becomes of a call. */
export interface CpuOwner {
  starting(cpu: number): void;
  trapped(cpu: number, request: Request, answer: FromWorker & { type: "trap" }): void;
  workerDied(cpu: number, request: Request | null, reason: Error): void;
  deadlinePassed(cpu: number, request: Request): void;
}

export class Cpu implements Tenant {
  readonly number: number;
  readonly worker: PooledWorker;
  readonly #owner: CpuOwner;
  readonly #queue: Request[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** ms of performance.now() at which the call in flight was made. */
  sinceMs = 0;

  constructor(number: number, worker: PooledWorker, owner: CpuOwner) {
    this.number = number;
    this.worker = worker;
    this.#owner = owner;
    worker.adopt(this);
  }

  /** The call in flight, null when the CPU waits for one. */
  get inFlight(): Request | null {
    return this.#queue[0] ?? null;
  }

  submit(request: Request): void {
    this.#queue.push(request);
    if (this.#queue.length === 1) this.#start(request);
  }

  #start(request: Request): void {
    this.sinceMs = performance.now();
    this.#owner.starting(this.number);
    this.#timer = setTimeout(
      () => this.#owner.deadlinePassed(this.number, request),
      request.deadlineMs,
    );
    this.worker.post(request.message);
  }

  answered(answer: FromWorker): void {
    const request = this.#queue[0];
    if (request === undefined) return;
    if (answer.type === "trap") {
      this.#owner.trapped(this.number, request, answer);
      return;
    }
    clearTimeout(this.#timer);
    this.#queue.shift();
    const next = this.#queue[0];
    if (next !== undefined) this.#start(next);
    if (answer.type === "refused") request.reject(new MachineError(answer.message));
    else request.resolve(answer);
  }

  /** Takes a call back that has not been made yet. @returns whether it was one */
  withdraw(request: Request): boolean {
    const index = this.#queue.indexOf(request);
    if (index <= 0) return false;
    this.#queue.splice(index, 1);
    return true;
  }

  died(reason: Error): void {
    this.#owner.workerDied(this.number, this.inFlight, reason);
  }

  /** Fails every call that is in flight or waits. */
  abandon(error: Error): void {
    clearTimeout(this.#timer);
    for (const request of this.#queue.splice(0)) request.reject(error);
  }
}
