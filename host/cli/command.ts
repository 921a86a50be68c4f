// SPDX-License-Identifier: GPL-2.0-only
/** What a command is: a table of options, examples, and the work. */
import { UsageError } from "../errors.ts";
import { wrap } from "../report/style.ts";
import { type Parsed, parse } from "./arguments.ts";
import type { Catalogue } from "./catalogue.ts";
import { flag, integer, type Option, type OptionSet, text } from "./options.ts";
import type { Runners } from "./runners.ts";
import { pageOn, type Terminal } from "./terminal.ts";

/** What the world outside gives to a command; a test gives its own. */
export interface Context {
  readonly terminal: Terminal;
  readonly runners: Runners;
  readonly catalogue: Catalogue;
  readonly cores: number;
  readonly version: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** @returns the exit status */
  run(args: readonly string[], context: Context): Promise<number>;
}

interface Definition<S extends OptionSet> {
  readonly name: string;
  readonly summary: string;
  /** What may stand beside the options, as in "[A.json B.json]"; "" for nothing. */
  readonly operands: string;
  /** How many of them are right. */
  readonly operandCounts: readonly number[];
  /** Sentences below the usage line. */
  readonly about: string;
  readonly options: (context: Context) => S;
  readonly examples: readonly (readonly [arguments: string, meaning: string])[];
  readonly run: (
    parsed: Parsed<S & typeof COMMON>,
    context: Context,
    options: S,
  ) => Promise<number>;
}

/** Options of every command. They say where the result goes, not what is done. */
const COMMON = {
  json: text("FILE", "save the result as JSON; - writes it to stdout, and the text to stderr"),
  width: {
    ...integer(40, 1000, 80, "columns of the text; default: those of the terminal"),
    initial: null,
  } as Option<number | null>,
  help: flag(false, "print this"),
};

export function define<S extends OptionSet>(definition: Definition<S>): Command {
  const { name, summary } = definition;
  return {
    name,
    summary,
    async run(args, context) {
      const options = definition.options(context);
      if (args.some((arg) => arg === "--help" || arg === "-h")) {
        const page = pageOn(context.terminal.stdout, context.terminal.env, widthIn(args));
        page.print(helpOf(definition, options, page.canvas.width));
        return 0;
      }
      const parsed = parse(args, { ...options, ...COMMON });
      checkOperands(definition, parsed.positionals);
      return definition.run(parsed, context, options);
    },
  };
}

/** What --width says, whatever else is on the command line. @throws UsageError */
function widthIn(args: readonly string[]): number | null {
  const at = args.findIndex((arg) => /^--width(=|$)/.test(arg));
  if (at < 0) return null;
  return parse(args.slice(at, at + (args[at] === "--width" ? 2 : 1)), COMMON).values.width;
}

function checkOperands(
  definition: Pick<Definition<OptionSet>, "operands" | "operandCounts">,
  operands: readonly string[],
): void {
  const { operandCounts } = definition;
  if (operandCounts.includes(operands.length)) return;
  const most = Math.max(...operandCounts);
  if (operands.length > most) {
    throw new UsageError(`unexpected argument ${JSON.stringify(operands[most])}`);
  }
  throw new UsageError(`expected ${definition.operands}, saw ${JSON.stringify(operands[0])} alone`);
}

function helpOf<S extends OptionSet>(
  definition: Definition<S>,
  options: S,
  width: number,
): string[] {
  const operands = definition.operands === "" ? "" : ` ${definition.operands}`;
  const rows = Object.entries({ ...options, ...COMMON }).map(([name, option]) =>
    optionRow(name, option),
  );
  const column = Math.max(...rows.map(([left]) => left.length)) + 4;
  return [
    `usage: hotunplug ${definition.name} [options]${operands}`,
    "",
    ...wrap(definition.about, width),
    "",
    ...rows.flatMap(([left, right]) =>
      wrap(right, width, `  ${left}`.padEnd(column), " ".repeat(column)),
    ),
    "",
    "examples:",
    ...definition.examples.flatMap(([args, meaning]) => [
      `  hotunplug ${`${definition.name} ${args}`.trim()}`,
      ...wrap(meaning, width, "      "),
    ]),
  ];
}

function optionRow(name: string, option: OptionSet[string]): [left: string, right: string] {
  if (option.placeholder === null) {
    const negatable = option.initial === true;
    return [`--${negatable ? "[no-]" : ""}${name}`, `${option.help}${negatable ? " [on]" : ""}`];
  }
  const initial = option.initial === null ? null : option.format(option.initial);
  const shown = initial === null ? "" : ` [${initial}]`;
  return [`--${name} ${option.placeholder}`, `${option.help}${shown}`];
}
