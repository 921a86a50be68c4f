// SPDX-License-Identifier: GPL-2.0-only
import { parseArgs } from "node:util";
import { UsageError } from "../errors.ts";
import { suggestion } from "./nearest.ts";
import { Expected, type Option, type OptionSet, type Values } from "./options.ts";

export interface Parsed<S extends OptionSet> {
  readonly values: Values<S>;
  /** Names of the options that were on the command line, without dashes. */
  readonly given: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

interface OptionToken {
  readonly kind: "option";
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/**
 * Reads a command line. An option given twice has its last value.
 *
 * @param args - what follows the command
 * @throws UsageError that names the option and the value seen
 */
export function parse<S extends OptionSet>(args: readonly string[], options: S): Parsed<S> {
  const types = Object.entries(options).map(([name, option]) => {
    return [name, { type: option.placeholder === null ? "boolean" : "string" }] as const;
  });
  const { tokens, positionals } = parseArgs({
    ...{ args: [...args], options: Object.fromEntries(types) },
    ...{ strict: false, allowPositionals: true, tokens: true },
  });
  const initials = Object.entries(options).map(([name, option]) => [name, option.initial]);
  const values: Record<string, unknown> = Object.fromEntries(initials);
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const [name, value] = readOption(token as OptionToken, options);
    values[name] = value;
    given.add(name);
  }
  return { values: values as Values<S>, given, positionals };
}

function readOption(token: OptionToken, options: OptionSet): [name: string, value: unknown] {
  const { name, rawName, value, inlineValue } = token;
  const positive = name.startsWith("no-") ? name.slice(3) : "";
  const switchOff = options[positive];
  if (switchOff?.placeholder === null && switchOff.initial === true && value === undefined) {
    return [positive, false];
  }
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!option) {
    const hint = suggestion(
      rawName,
      Object.keys(options).map((one) => `--${one}`),
    );
    throw new UsageError(`unknown option ${rawName}${hint}`);
  }
  if (option.placeholder === null) {
    if (inlineValue) throw new UsageError(`${rawName} takes no value, saw ${quoted(value ?? "")}`);
    return [name, true];
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${option.placeholder}`);
  return [name, parsed(option, rawName, value)];
}

function parsed(option: Option<unknown>, rawName: string, value: string): unknown {
  try {
    return option.parse(value);
  } catch (error) {
    if (!(error instanceof Expected)) throw error;
    const [expected, ...hint] = error.message.split("; ");
    const tail = hint.length > 0 ? `; ${hint.join("; ")}` : "";
    throw new UsageError(`${rawName}: expected ${expected}, saw ${quoted(value)}${tail}`);
  }
}

function quoted(value: string): string {
  return JSON.stringify(value);
}

/** The values as the arguments that give them. */
export function argumentsOf<S extends OptionSet>(options: S, values: Values<S>): string[] {
  return Object.entries(options).flatMap(([name, option]) => {
    const value = values[name];
    if (option.placeholder === null && option.initial === true) {
      return value ? [] : [`--no-${name}`];
    }
    const text = option.format(value);
    return text === null ? [] : [`--${name}`, ...(text === "" ? [] : [text])];
  });
}

/** The same as one line for a shell: what is printed first, and repeats the run. */
export function commandLine<S extends OptionSet>(options: S, values: Values<S>): string {
  return argumentsOf(options, values).map(shellWord).join(" ");
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
