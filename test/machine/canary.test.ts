// SPDX-License-Identifier: GPL-2.0-only
/** An engine that spoils a frame across a wait must not run the kernel: results would be wrong. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BootError } from "../../host/errors.ts";
import { kernelImage } from "../../host/machine/image.ts";
import { boot } from "../../host/machine/machine.ts";
import { rejects } from "./with-machine.ts";

function section(id: number, ...body: readonly (number | string)[]): number[] {
  const bytes = body.flatMap((part) =>
    typeof part === "number" ? part : [part.length, ...new TextEncoder().encode(part)],
  );
  return [id, bytes.length, ...bytes];
}

/** A kernel whose futex_canary() returns `answer`, 0 to 63, and that has nothing else. */
function standIn(answer: number): Uint8Array<ArrayBuffer> {
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const type = section(1, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f); // (i32, i32) -> i32
  const memory = section(2, 1, "env", "memory", 2, 3, 0x80, 0x02, 0x80, 0x80, 0x01);
  const functions = section(3, 1, 0);
  const exports = section(7, 1, "futex_canary", 0, 0);
  const code = section(10, 1, 4, 0, 0x41, answer, 0x0b); // i32.const answer
  return new Uint8Array([...header, ...type, ...memory, ...functions, ...exports, ...code]);
}

test("a machine does not boot when the canary's locals are lost", async () => {
  const module = new WebAssembly.Module(standIn(0));
  const image = { ...kernelImage("default"), variant: "broken", module };
  const error = await rejects(
    boot({ cpus: 2, image }),
    /^CPU 0: this engine \(V8 .*\) loses local variables across memory\.atomic\.wait/,
  );
  assert.instance(error, BootError);
  assert.is((error as BootError).exitStatus, 3);
});

test("a module that is no kernel is refused before any CPU runs", async () => {
  const module = new WebAssembly.Module(new Uint8Array([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const image = { ...kernelImage("default"), variant: "empty", module };
  await rejects(boot({ cpus: 1, image }), /CPU 0/);
});

test.run();
