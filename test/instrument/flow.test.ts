// SPDX-License-Identifier: GPL-2.0-only
/** That flat functions do what structured ones do, wherever they are left and entered again. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { randomFunctions } from "./random-code.ts";
import { DATA, Tiny, type TinyFunction } from "./tiny-module.ts";

const LOAD = `i32.load ${DATA}`;
/** Puts parameter 0 in memory, so that it can be loaded. */
const PUT = `i32.const 0; local.get 0; i32.store ${DATA};`;
const WIDE = 0x1234_5678_9abc_def0n;

type Decide = () => boolean;

/** When the thread is taken off. */
const MODES: Readonly<Record<string, () => Decide>> = {
  always: () => () => true,
  never: () => () => false,
  alternately: () => {
    let on = false;
    return () => {
      on = !on;
      return on;
    };
  },
  "every third time": () => {
    let n = 0;
    return () => ++n % 3 === 0;
  },
};

function agrees(functions: readonly TinyFunction[], args: readonly (number | bigint)[][]): void {
  const tiny = new Tiny(functions);
  for (const values of args) {
    const expected = tiny.plain("f", values);
    for (const [mode, decide] of Object.entries(MODES)) {
      assert.equal(tiny.woven("f", values, decide()), expected, `f(${values}), ${mode}`);
      if (mode === "always") assert.ok(tiny.takenOff > 0);
      if (mode === "never") assert.is(tiny.takenOff, 0);
    }
  }
}

const NUMBERS = [[0], [1], [2], [3], [4], [-1], [100]];

function one(what: string, code: string, locals = ""): void {
  test(what, () => agrees([{ name: "f", type: "i32 -> i32", locals, code: PUT + code }], NUMBERS));
}

one(
  "a block's result goes where its end expects it, over what lies below",
  `i32.const 5; local.get 0; block i32; i32.const 9; i32.const 8; i32.const 0; ${LOAD};
   local.get 0; br_if 0; drop; i32.add; end; i32.add; i32.add`,
);
one(
  "a branch that is taken drops what is in between",
  `i32.const 1; block i32; i32.const 2; i32.const 3; i32.const 0; ${LOAD}; br 0; end; i32.sub`,
);
one(
  "an if has two ends, and may have one",
  `i32.const 7; i32.const 0; ${LOAD}; if i32; i32.const 0; ${LOAD}; else; i32.const 3; end; i32.mul;
   local.get 0; if; i32.const 0; i32.const 44; i32.store ${DATA}; end; i32.const 0; ${LOAD}; i32.add`,
);
one(
  "a table of branches goes forwards",
  `block; block; block; i32.const 0; ${LOAD}; br_table 0 1 2; end; i32.const 10; return; end;
   i32.const 20; return; end; i32.const 30`,
);
one(
  "a table of branches goes backwards, and both ways",
  `block; loop; i32.const 0; i32.const 0; ${LOAD}; i32.const 1; i32.sub; i32.store ${DATA};
   i32.const 0; ${LOAD}; i32.const -4; i32.le_s; br_if 1;
   i32.const 0; ${LOAD}; br_table 1 0 0 1 0; end; end; i32.const 0; ${LOAD}`,
);
one(
  "what only the second branch of a table needs is kept",
  `local.get 0; i32.const 9; i32.add; local.set 1; block; block; i32.const 0; ${LOAD};
   br_table 0 1; end; i32.const 5; return; end; local.get 1`,
  "i32",
);
one(
  "a loop keeps what lies below it",
  `i32.const 1000; loop i32; local.get 1; i32.const 1; i32.add; local.tee 1;
   i32.const 0; ${LOAD}; i32.lt_s; br_if 0; local.get 1; end; i32.add`,
  "i32",
);
one(
  "select knows its type, and both its values",
  `i32.const 0; ${LOAD}; i64.extend_i32_s; i64.const 5; i32.const 0; ${LOAD}; select;
   i32.const 0; ${LOAD}; drop; i32.wrap_i64`,
);
one(
  "what is never reached is left out, with the blocks in it",
  `block i32; i32.const 0; ${LOAD}; br 0; block; loop; br 0; end; i32.const 3; if; nop; else;
   unreachable; end; end; i32.const 9; end; return; i32.const 4; drop; i32.const 0; ${LOAD}`,
);
one(
  "a branch out of all blocks is a return",
  `i32.const 6; i32.const 5; block i32; i32.const 0; ${LOAD}; local.get 0; br_if 1; end;
   i32.add; i32.add; i32.const 0; ${LOAD}; br 0`,
);
one(
  "an atomic's operands are taken in order",
  `i32.const 4; i32.const 50; i32.const 0; i32.const 3; i32.atomic.rmw.add ${DATA}; i32.sub;
   i32.const 0; ${LOAD}; i32.mul; i32.xor`,
);

test("values lie on the stack across a call, and 64 bits are whole", () => {
  const f = {
    name: "f",
    type: "i32 i64 -> i64",
    locals: "i64",
    code: `local.get 1; i64.const 3; i64.mul; local.set 2; i64.const 11; local.get 1;
      local.get 0; local.get 2; call 1; i64.sub; i64.add; local.get 2; i64.xor`,
  };
  const g = {
    name: "g",
    type: "i32 i64 -> i64",
    code: `i32.const 0; local.get 1; i64.store ${DATA}; i32.const 0; i64.load ${DATA};
      local.get 0; i64.extend_i32_s; i64.add`,
  };
  const args = [0n, -1n, WIDE, -WIDE].flatMap((wide) => [0, -5].map((narrow) => [narrow, wide]));
  agrees([f, g], args);
});

test("calls within calls, of functions with and without a frame, come back", () => {
  const f = {
    name: "f",
    type: "i32 -> i32",
    code: `local.get 0; if i32; local.get 0; local.get 0; i32.const 1; i32.sub; call 0; i32.add;
      i32.const 0; ${LOAD}; i32.add; else; i32.const 0; call 1; call 2; end`,
  };
  const h = { name: "h", type: "-> i32", code: "i32.const 21" };
  const v = {
    name: "v",
    type: "i32 i32 -> i32",
    code: `local.get 0; local.get 1; i32.store ${DATA}; local.get 1; i32.const 2; i32.mul`,
  };
  const tiny = new Tiny([f, h, v]);
  assert.equal(tiny.plain("f", [4]).result, 4 + 3 + 2 + 1 + 4 * 21 + 42);
  agrees([f, h, v], NUMBERS.slice(0, 5));
  tiny.woven("f", [4], () => true);
  const depths = tiny.frames.map((frames) => frames.length);
  assert.is(tiny.takenOff, 1 + 4, "one store, and a load on each way back");
  assert.ok(Math.max(...depths) > 4 * Math.min(...depths), "a frame for each call");
});

test("a thread that is off has what it still needs in its frame, and no more", () => {
  const live = (code: string) => {
    const tiny = new Tiny([{ name: "f", type: "i32 -> i32", locals: "i32 i64", code }]);
    return [1, 2].map((arg) => {
      tiny.woven("f", [arg], () => true);
      return tiny.frames[0];
    });
  };
  const set = "local.get 0; local.set 1; local.get 0; i64.extend_i32_s; local.set 2;";
  const [a, b] = live(`${set} i32.const 0; ${LOAD}`);
  assert.is(a, b, "nothing is needed of the argument");
  const [c, d] = live(`${set} i32.const 0; ${LOAD}; local.get 1; i32.add`);
  assert.is.not(c, d, "it is in local 1");
  assert.is(c?.length, (a?.length ?? 0) + 8, "one word more, in hex");
  const [e, f] = live(
    `${set} i32.const 0; ${LOAD}; local.get 0; local.set 1; local.get 1; i32.add`,
  );
  assert.is.not(e, f, "it is in the parameter");
  assert.is(e?.length, c?.length, "and local 1 is written before it is read");
  const [g] = live(`${set} i32.const 0; ${LOAD}; local.get 2; i32.wrap_i64; i32.add`);
  assert.is(g?.length, (a?.length ?? 0) + 16, "two words for 64 bits");
});

test("a local that is needed round a loop is kept", () => {
  const code = `${PUT} loop; local.get 1; i32.const 1; i32.add; local.set 1; i32.const 0; ${LOAD};
    local.get 1; i32.sub; br_if 0; end; local.get 1; local.get 2; i32.add`;
  const numbers = [[1], [2], [5]];
  agrees([{ name: "f", type: "i32 -> i32", locals: "i32 i32", code }], numbers);
});

test("code drawn at random does the same, whenever its thread is taken off", () => {
  let taken = 0;
  for (let seed = 1; seed <= 250; seed++) {
    const tiny = new Tiny(randomFunctions(seed));
    for (const args of [[0, 0n] as const, [seed, WIDE] as const, [-7, -1n] as const]) {
      const expected = tiny.plain("f", args);
      let state = seed;
      const sometimes = () => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        return state >>> 31 === 1;
      };
      for (const decide of [() => true, sometimes]) {
        assert.equal(tiny.woven("f", args, decide), expected, `seed ${seed}, f(${args})`);
        taken += tiny.takenOff;
      }
    }
  }
  assert.ok(taken > 3_000, `taken off ${taken} times: too few to show anything`);
});

test.run();
