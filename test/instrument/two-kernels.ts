// SPDX-License-Identifier: GPL-2.0-only
/**
 * The same calls on the kernel as it is, and on the suspendable one, whose thread is taken off before
 * each access and goes on again.
 */
import { imageOf } from "../../host/check/image.ts";
import { bootCoroutines } from "../../host/check/workbench.ts";
import { CONTROL } from "../../host/instrument/coroutine-function.ts";
import { coroutineModule } from "../../host/instrument/coroutine-image.ts";
import type { CoroutineMachine } from "../../host/machine/coroutine/machine.ts";
import { FIELD, STATUS } from "../../host/machine/coroutine/regions.ts";
import { readKernel, readKernelText } from "../../host/machine/image.ts";
import { LocalKernel } from "../drivers/cxl/kernel.ts";
import { KIND, readWasm } from "../wasm-binary.ts";

/** The time that both are told; ns. */
const NOW = 100_000_000_000n;

export interface Side {
  /** Of a 64-bit result, what a double holds of it. */
  call(fn: string, ...args: readonly (number | bigint)[]): number;
  constant(name: string): number;
  /** Memory that the test uses as it likes, at address `host`. */
  readonly host: number;
  /** User memory of CPU 0. */
  readonly user: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function plainSide(): Side {
  const kernel = new LocalKernel(1024 * 1024);
  kernel.clock = () => NOW;
  return {
    call: (fn, ...args) => kernel.call(fn, ...args),
    constant: (name) => kernel.constant(name),
    host: kernel.map.hostStart,
    user: kernel.map.userStart,
    bytes: new Uint8Array(kernel.memory.buffer),
    view: kernel.view,
  };
}

const exported = readWasm(readKernel()).exports.filter(({ kind }) => kind === KIND.function);
const roots = exported.map(({ name }) => name);
const text = readKernelText();
const made = coroutineModule(text.wasm, roots, 16);
const module = new WebAssembly.Module(made.wasm);
const image = imageOf({ module, sites: made.sites, text });

/** A coroutine side counts how often it was taken off. */
export interface Woven extends Side {
  readonly machine: CoroutineMachine;
  takenOff: number;
}

/** @param reduction - as MachineParts has it: false takes the thread off at each access */
export function wovenSide(reduction = false): Woven {
  const machine = bootCoroutines(
    image,
    { threads: 1, model: "sc", reduction },
    { spinLimit: 1000, rcuStallTimeoutNs: 10_000_000_000n },
  );
  machine.call("cpu_enter");
  const view = new DataView(machine.words.buffer);
  const { map } = machine.layout;
  const side: Woven = {
    machine,
    takenOff: 0,
    call(fn, ...args) {
      const begin = () => {
        machine.tracked.begin();
        machine.accounts.begin();
      };
      begin();
      let off = false;
      let ran = machine.start(0, fn, args);
      while (ran === "off") {
        off = true;
        side.takenOff++;
        if (machine.regions.get(0, FIELD.status) === STATUS.waiting)
          throw new Error(`${fn} sleeps`);
        begin();
        ran = machine.proceed(0);
      }
      const result = made.results.get(fn);
      if (result === "none") return 0;
      if (off && result === "i64") return Number(view.getBigInt64(CONTROL.result, true));
      return Number(machine.result);
    },
    constant: (name) => machine.abi.constant(name),
    host: map.hostStart,
    user: map.userStart,
    bytes: new Uint8Array(machine.words.buffer),
    view,
  };
  return side;
}

export interface Pair {
  readonly plain: Side;
  readonly woven: Woven;
}

export function twoKernels(): Pair {
  return { plain: plainSide(), woven: wovenSide() };
}
