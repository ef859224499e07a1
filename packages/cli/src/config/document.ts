import type { Document } from "yaml";
import type { $ZodIssue, $ZodType } from "zod/v4/core";
import { safeParse } from "zod/v4/core";

import { nearest } from "./nearest.ts";
import { plainValue } from "./plain.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { yaml } from "./yaml.ts";

/**
 * Reads YAML against a schema. `file` names it in messages.
 * @throws {ConfigError} with every problem found, each with its line and column.
 */
export function readDocument<T>(file: string, text: string, schema: $ZodType<T>): T {
  const plain = plainValue(text);
  const known = plain === undefined ? undefined : safeParse(schema, plain);
  if (known?.success === true) return known.data;
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      file,
      document.errors.map(({ pos, message }) => ({ ...place(pos[0]), path: "", message })),
    );
  }
  const value: unknown = document.toJS() ?? {};
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    problemsOf(issue, value, schema).map(({ path, key, message }) => ({
      ...place(offsetOf(document, path, key)),
      path: dotted(key === undefined ? path : [...path, key]),
      message,
    })),
  );
  throw new ConfigError(file, problems.sort(byPlace));
}

/** What is wrong at which path; `key` is a key of the map at `path` that should not be there. */
interface Finding {
  readonly path: readonly PropertyKey[];
  readonly key?: string;
  readonly message: string;
}

function problemsOf(issue: $ZodIssue, root: unknown, schema: $ZodType): readonly Finding[] {
  const { path } = issue;
  const found = valueAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        return { path, key, message: unknownKey(key, knownKeys(schema, path)) };
      });
    case "invalid_type":
      if (found === undefined) return [{ path, message: `missing; expected ${issue.expected}` }];
      return [{ path, message: `expected ${issue.expected}, found ${show(found)}` }];
    case "invalid_value": {
      const values = issue.values.map(String);
      const guess = typeof found === "string" ? nearest(found, values) : undefined;
      const tail = guess === undefined ? "" : ` (did you mean ${guess}?)`;
      const head = found === undefined ? "missing; expected" : "expected";
      const what = values.length === 1 ? values[0] : `one of ${values.join(", ")}`;
      const seen = found === undefined ? "" : `, found ${show(found)}`;
      return [{ path, message: `${head} ${what}${seen}${tail}` }];
    }
    case "custom":
      // A refinement that says what it expects shows what it met; a rule across keys speaks for
      // itself.
      if (issue.params?.["rule"] === true) return [{ path, message: issue.message }];
      return [{ path, message: `expected ${issue.message}, found ${show(found)}` }];
    case "too_big":
      return [{ path, message: `expected at most ${issue.maximum}, found ${show(found)}` }];
    case "too_small":
      return [{ path, message: `expected at least ${issue.minimum}, found ${show(found)}` }];
    case "invalid_union":
      return [{ path, message: `expected ${issue.message}, found ${show(found)}` }];
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      return [{ path, message: `${issue.message}, found ${show(found)}` }];
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  if (guess !== undefined) return `unknown key; did you mean ${guess}?`;
  return known.length === 0 ? "unknown key" : `unknown key; expected one of ${known.join(", ")}`;
}

/** Keys that the schema knows for the map at `path`. */
function knownKeys(schema: $ZodType, path: readonly PropertyKey[]): readonly string[] {
  let definition = definitionOf(schema);
  for (const key of path) {
    const next = definition.shape?.[String(key)] ?? definition.element ?? definition.valueType;
    if (next === undefined) return [];
    definition = definitionOf(next);
  }
  return Object.keys(definition.shape ?? {});
}

/** The parts of a zod schema's definition that lead to what it holds. */
interface Definition {
  readonly shape?: Readonly<Record<string, $ZodType>>;
  readonly element?: $ZodType;
  readonly valueType?: $ZodType;
  readonly innerType?: $ZodType;
}

function definitionOf(schema: $ZodType): Definition {
  const definition = schema._zod.def as Definition;
  return definition.innerType === undefined ? definition : definitionOf(definition.innerType);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Where the value stands, or the nearest one around it that exists. */
function offsetOf(
  document: Document,
  path: readonly PropertyKey[],
  key: string | undefined,
): number {
  const { isMap, isNode, isScalar } = yaml();
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (!isNode(node) || !node.range) continue;
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    return node.range[0];
  }
  return 0;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

/** The value in few letters. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}
