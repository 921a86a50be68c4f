// SPDX-License-Identifier: GPL-2.0-only
/** A thread that searches: it does the jobs that it is sent, and says how far it is. */
import { parentPort } from "node:worker_threads";
import { findOut } from "./find.ts";
import { type CheckImage, imageOf } from "./image.ts";
import type { Job } from "./job.ts";
import type { FromSearcher, Shared, ToSearcher } from "./protocol.ts";

/** More often than that nobody looks. */
const SAY_EVERY_MS = 100;

let shared: Shared | undefined;
let image: CheckImage | undefined;

function say(message: FromSearcher): void {
  parentPort?.postMessage(message);
}

function take(given: Shared): void {
  shared = given;
  image = imageOf(given.woven);
}

function check(job: Job): void {
  if (image === undefined) throw new Error("[harness bug] a job before its image");
  let saidMs = Number.NEGATIVE_INFINITY;
  const outcome = findOut(image, job, (figures) => {
    const nowMs = performance.now();
    if (nowMs - saidMs >= SAY_EVERY_MS) {
      saidMs = nowMs;
      say({ type: "progress", figures });
    }
    return shared !== undefined && Atomics.load(shared.stop, 0) !== 0;
  });
  say({ type: "done", outcome });
}

parentPort?.on("message", (message: ToSearcher) => {
  if (message.type === "share") take(message.shared);
  else check(message.job);
});
say({ type: "hello" });
