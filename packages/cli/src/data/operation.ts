import { parseArgs } from "node:util";

import type { CreateTraits, MultiOperation } from "@meridian/client";

import { nearest } from "../config/nearest.ts";
import { usageError } from "../failure/command-error.ts";

type Flag = "version" | "sequential" | "parents" | "ephemeral" | "container" | "ttl";

/** Kinds of nodes that do not go together. */
export const createRule =
  "--ephemeral, --container and --ttl exclude each other, --container also --sequential";

/** What each kind of operation takes. */
const forms: Readonly<
  Record<
    MultiOperation["kind"],
    { readonly words: readonly number[]; readonly flags: readonly Flag[]; readonly form: string }
  >
> = {
  create: {
    words: [1, 2],
    flags: ["sequential", "parents", "ephemeral", "container", "ttl"],
    form: "create PATH [DATA] [--sequential --parents --ephemeral --container --ttl MS]",
  },
  set: { words: [2], flags: ["version"], form: "set PATH DATA [--version N]" },
  delete: { words: [1], flags: ["version"], form: "delete PATH [--version N]" },
  check: { words: [2], flags: [], form: "check PATH VERSION (-1: any)" },
};

/**
 * Reads one part of a multi, in words as a shell would part them; `forms` has the kinds. Data
 * always stands in the line.
 * @throws {CommandError} usage.
 */
export function parseOperation(line: string): MultiOperation {
  const [word = "", ...words] = wordsOf(line);
  const kind = kindOf(line, word);
  const { values, positionals } = flagsOf(line, words);
  const { words: counts, flags, form } = forms[kind];
  const given = Object.keys(values) as readonly Flag[];
  if (!counts.includes(positionals.length) || given.some((flag) => !flags.includes(flag))) {
    throw usageError(`expected ${form}; found: ${line}`);
  }
  const [path = "", second = ""] = positionals;
  const version = values.version === undefined ? undefined : versionOf(line, values.version);
  switch (kind) {
    case "create": {
      return { kind, path, data: second, ...traitsOf(line, values) };
    }
    case "set":
      return { kind, path, data: second, version };
    case "delete":
      return { kind, path, version };
    case "check":
      return { kind, path, version: versionOf(line, second) };
  }
}

function kindOf(line: string, word: string): MultiOperation["kind"] {
  if (Object.hasOwn(forms, word)) return word as MultiOperation["kind"];
  const kinds = Object.keys(forms);
  const guess = nearest(word, kinds);
  const tail = guess === undefined ? `there are ${kinds.join(", ")}` : `did you mean ${guess}?`;
  throw usageError(`no operation is named "${word}"; ${tail} In: ${line}`);
}

/**
 * Words of a line: blanks part them, single and double quotes keep them together, a backslash takes
 * the next letter.
 */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)\s*/gy;
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (match?.[1] === undefined) throw usageError(`a quotation mark is not closed: ${line}`);
    words.push(unquoted(match[1]));
  }
  return words;
}

function unquoted(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replace(/\\(.)/g, "$1") ?? escaped ?? "",
  );
}

interface Values {
  readonly version?: string;
  readonly sequential?: boolean;
  readonly parents?: boolean;
  readonly ephemeral?: boolean;
  readonly container?: boolean;
  readonly ttl?: string;
}

/** What kind of node is created. */
function traitsOf(line: string, values: Values): CreateTraits {
  const { sequential, parents, ephemeral, container, ttl } = values;
  const kinds = [ephemeral, container, ttl].filter((kind) => kind !== undefined);
  if (kinds.length > 1 || (container === true && sequential === true)) {
    throw usageError(`${createRule}; found: ${line}`);
  }
  if (container === true) return { mode: "container", parents };
  const ttlMs = ttl === undefined ? undefined : wholeOf(line, "a time to live", ttl, 1);
  return { sequential, parents, ephemeral, ttlMs };
}

function flagsOf(
  line: string,
  words: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  // `check /a -1`: a negative version is no flag.
  const args = words.map((word) => (/^-\d+$/.test(word) ? `\0${word}` : word));
  try {
    const { values, positionals } = parseArgs({
      args,
      strict: true,
      allowPositionals: true,
      options: {
        version: { type: "string" },
        sequential: { type: "boolean" },
        parents: { type: "boolean" },
        ephemeral: { type: "boolean" },
        container: { type: "boolean" },
        ttl: { type: "string" },
      },
    });
    return { values, positionals: positionals.map((word) => word.replace(/^\0/, "")) };
  } catch (error) {
    throw usageError(`${(error as Error).message} In: ${line}`);
  }
}

function versionOf(line: string, text: string): number {
  return wholeOf(line, "a version", text.replace(/^\0/, ""), -1);
}

function wholeOf(line: string, what: string, text: string, min: number): number {
  const value = Number(text);
  if (text !== "" && Number.isInteger(value) && value >= min && value < 2 ** 31) return value;
  throw usageError(`${what} is a whole number from ${min}; found "${text}" in: ${line}`);
}
