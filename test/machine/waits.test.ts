// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import { kernelImage } from "../../host/machine/image.ts";
import { waitText } from "../../host/machine/waits.ts";

const { abi } = kernelImage("default");
const name = (address: number) => `word${address}`;

test("every wait that the kernel knows has words, and none of them is its constant", () => {
  for (const wait of abi.group("WAIT_").values()) {
    const text = waitText({ wait, object: 7 }, name);
    if (wait === "WAIT_NONE") assert.is(text, null);
    else assert.match(text ?? wait, /^waits [^A-Z]*(?:RCU|SRCU)?[^A-Z]* (?:word|cpu)7$/);
  }
});

test("what is waited for has its name; of a grace period it is the CPU", () => {
  const told = (wait: string) => waitText({ wait, object: 3 }, name);
  assert.is(told("WAIT_RWSEM_WRITE"), "waits to write-lock rwsem word3");
  assert.is(told("WAIT_RCU_GP"), "waits for an RCU grace period, on cpu3");
  assert.is(told("WAIT_FOR_BETTER_TIMES"), "waits in WAIT_FOR_BETTER_TIMES on word3");
});

test.run();
