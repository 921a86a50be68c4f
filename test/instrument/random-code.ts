// SPDX-License-Identifier: GPL-2.0-only
/**
 * Functions drawn at random, valid and finite: blocks with results, branches with values on the stack
 * below, loops, tables of branches, calls amid operands, code that is never reached.
 */
import { type Random, randomFrom } from "../../host/stats/random.ts";
import { DATA, type TinyFunction } from "./tiny-module.ts";

type Type = "i32" | "i64";

interface Label {
  /** What a branch to it takes; null: nothing. */
  readonly takes: Type | null;
}

/** Parameters 0 (i32) and 1 (i64), then locals; the last is what loops use up. */
const LOCALS: Readonly<Record<Type, readonly number[]>> = { i32: [0, 2, 3], i64: [1, 4] };
const FUEL = 5;
const OPERATORS: Readonly<Record<Type, readonly string[]>> = {
  i32: ["i32.add", "i32.sub", "i32.mul", "i32.xor", "i32.lt_s"],
  i64: ["i64.add", "i64.sub", "i64.mul", "i64.xor"],
};
/** Index, parameters and result of the functions, in the order in which they may call. */
const CALLEES = [
  { index: 1, params: ["i32", "i64"], result: "i64" },
  { index: 2, params: ["i64"], result: null },
  { index: 3, params: ["i32"], result: "i32" },
] as const;

class Draw {
  readonly out: string[] = [];
  readonly #random: Random;
  readonly #result: Type;
  readonly #caller: number;
  readonly #labels: Label[] = [];

  constructor(random: Random, result: Type, caller: number) {
    this.#random = random;
    this.#result = result;
    this.#caller = caller;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #one<T>(of: readonly T[]): T {
    return of[this.#below(of.length)] as T;
  }

  #put(...lines: string[]): void {
    this.out.push(...lines);
  }

  #inside(opening: string, takes: Type | null, body: () => void): void {
    this.#put(opening);
    this.#labels.push({ takes });
    body();
    this.#labels.pop();
    this.#put("end");
  }

  /** Depths of the labels that take `takes`. */
  #depths(takes: Type | null): number[] {
    const last = this.#labels.length - 1;
    return this.#labels.flatMap((label, i) => (label.takes === takes ? [last - i] : []));
  }

  #address(depth: number): void {
    this.expression("i32", depth);
    this.#put("i32.const 56", "i32.and");
  }

  #call(result: Type | null, depth: number): boolean {
    const callees = CALLEES.filter((one) => one.index > this.#caller && one.result === result);
    if (callees.length === 0) return false;
    const { params, index } = this.#one(callees);
    for (const type of params) this.expression(type, depth);
    this.#put(`call ${index}`);
    return true;
  }

  expression(type: Type, depth: number): void {
    if (depth <= 0) {
      if (this.#below(2) === 0) this.#put(`${type}.const ${this.#below(200) - 100}`);
      else this.#put(`local.get ${this.#one(LOCALS[type])}`);
      return;
    }
    const next = depth - 1;
    const forms = [
      () => this.#operator(type, next),
      () => this.#load(type, next),
      () => this.#block(type, next),
      () => this.#if(type, next),
      () => this.#branch(type, next),
      () => this.#select(type, next),
      () => this.#call(type, next) || this.#operator(type, next),
      () => {
        this.expression(type, next);
        this.#put(`local.tee ${this.#one(LOCALS[type])}`);
      },
    ];
    this.#one(forms)();
  }

  #operator(type: Type, depth: number): void {
    this.expression(type, depth);
    this.expression(type, depth);
    this.#put(this.#one(OPERATORS[type]));
  }

  #load(type: Type, depth: number): void {
    this.#address(depth);
    this.#put(`${type}.load ${DATA + 8 * this.#below(3)}`);
  }

  #block(type: Type, depth: number): void {
    this.#inside(`block ${type}`, type, () => {
      this.statement(depth);
      this.expression(type, depth);
    });
  }

  #if(type: Type, depth: number): void {
    this.expression("i32", depth);
    this.#inside(`if ${type}`, type, () => {
      this.expression(type, depth);
      this.#put("else");
      this.statement(depth);
      this.expression(type, depth);
    });
  }

  #select(type: Type, depth: number): void {
    this.expression(type, depth);
    this.expression(type, depth);
    this.expression("i32", depth);
    this.#put("select");
  }

  /** A branch with the value that its label takes; where it is not taken the value is the result. */
  #branch(type: Type, depth: number): void {
    const depths = this.#depths(type);
    this.expression(type, depth);
    if (depths.length === 0) return;
    const always = this.#below(4) === 0;
    if (!always) this.expression("i32", depth);
    this.#put(`${always ? "br" : "br_if"} ${this.#one(depths)}`);
    if (always && this.#below(2) === 0) this.expression(type, depth);
  }

  statement(depth: number): void {
    if (depth <= 0) return;
    const next = depth - 1;
    const type = this.#one(["i32", "i64"] as const);
    const forms = [
      () => this.#set(type, next),
      () => this.#store(type, next),
      () => this.#loop(next),
      () => this.#table(next),
      () => this.#inside("block", null, () => this.statements(next)),
      () => this.#call(null, next),
      () => this.#leave(next),
      () => this.#when(next),
    ];
    this.#one(forms)();
  }

  statements(depth: number): void {
    for (let left = 1 + this.#below(3); left > 0; left--) this.statement(depth);
  }

  #set(type: Type, depth: number): void {
    this.expression(type, depth);
    this.#put(this.#below(4) === 0 ? "drop" : `local.set ${this.#one(LOCALS[type])}`);
  }

  #store(type: Type, depth: number): void {
    this.#address(depth);
    this.expression(type, depth);
    this.#put(`${type}.store ${DATA + 8 * this.#below(3)}`);
  }

  #loop(depth: number): void {
    this.#inside("loop", null, () => {
      this.#put(`local.get ${FUEL}`, "i32.const 1", "i32.sub", `local.tee ${FUEL}`);
      this.#put("i32.const -6", "i32.le_s", "if", `${this.#result}.const 77`, "return", "end");
      this.statements(depth);
      this.expression("i32", depth);
      this.#put("br_if 0");
    });
  }

  /** Jumps to one of the labels around, forwards and backwards. */
  #table(depth: number): void {
    this.#inside("block", null, () =>
      this.#inside("block", null, () => {
        const depths = this.#depths(null);
        this.expression("i32", depth);
        this.#put("i32.const 3", "i32.and");
        this.#put(`br_table ${[0, 1, 2, 3].map(() => this.#one(depths)).join(" ")}`);
        this.statement(depth);
      }),
    );
  }

  #leave(depth: number): void {
    this.expression("i32", depth);
    this.#put("i32.const 7", "i32.and", "i32.eqz", "if");
    this.expression(this.#result, 0);
    this.#put("return", "end");
  }

  #when(depth: number): void {
    this.expression("i32", depth);
    this.#inside("if", null, () => {
      this.statements(depth);
      if (this.#below(2) === 0) this.#put("else");
    });
  }
}

/** Four functions: f (i32, i64) -> i32 calls g (i32, i64) -> i64, v (i64) and h (i32) -> i32. */
export function randomFunctions(seed: number): TinyFunction[] {
  const random = randomFrom(seed);
  const of = (result: Type, caller: number, depth: number) => {
    const draw = new Draw(random, result, caller);
    draw.statements(depth);
    draw.expression(result, depth);
    return draw.out.join(";");
  };
  const locals = "i32 i32 i64 i32";
  const store = `local.get 0; i32.wrap_i64; i32.const 56; i32.and; local.get 0; i64.store ${DATA}`;
  return [
    { name: "f", type: "i32 i64 -> i32", locals, code: of("i32", 0, 4) },
    { name: "g", type: "i32 i64 -> i64", locals, code: of("i64", 1, 3) },
    { name: "v", type: "i64", code: store },
    { name: "h", type: "i32 -> i32", code: "local.get 0; i32.const 3; i32.mul" },
  ];
}
