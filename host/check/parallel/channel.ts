// SPDX-License-Identifier: GPL-2.0-only
/** Sends shared memory from each worker to all others, who take it without going back to their event loop. */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { StallError } from "../../errors.ts";
import type { Shared } from "./protocol.ts";

const POLL_MS = 1;

export class Channel<T> {
  readonly #port: BroadcastChannel;
  readonly #deadlineMs: number;
  readonly #idle = new Int32Array(new SharedArrayBuffer(4));

  /**
   * @param name - of this channel among those of the search
   * Context: what is sent before another worker has made its own is lost to it.
   */
  constructor({ channel, deadlineMs }: Shared, name: string) {
    this.#port = new BroadcastChannel(`${channel} ${name}`);
    this.#deadlineMs = deadlineMs;
  }

  send(what: T): void {
    this.#port.postMessage(what);
  }

  /** What was sent next, in the order of each sender. Context: it was, or is about to be. */
  take(): T {
    const until = performance.now() + this.#deadlineMs;
    for (;;) {
      // A BroadcastChannel will do: the types do not know.
      const got = receiveMessageOnPort(this.#port as unknown as MessagePort);
      if (got !== undefined) return got.message as T;
      if (performance.now() > until) throw new StallError("what another worker sent did not come");
      Atomics.wait(this.#idle, 0, 0, POLL_MS);
    }
  }

  close(): void {
    this.#port.close();
  }
}
