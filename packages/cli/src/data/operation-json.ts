import type { CreateModeName, MultiOperation } from "@meridian/client";

import { nearest } from "../config/nearest.ts";
import { usageError } from "../failure/command-error.ts";

/** What each kind takes besides `kind` and `path`, and what it has to have. */
const shapes: Readonly<
  Record<MultiOperation["kind"], { readonly keys: readonly string[]; readonly needs: string[] }>
> = {
  create: {
    keys: ["data", "encoding", "mode", "ephemeral", "sequential", "parents", "ttlMs"],
    needs: [],
  },
  set: { keys: ["data", "encoding", "version"], needs: ["data"] },
  delete: { keys: ["version"], needs: [] },
  check: { keys: ["version"], needs: [] },
};
const modes: readonly CreateModeName[] = [
  "persistent",
  "ephemeral",
  "persistent-sequential",
  "ephemeral-sequential",
  "container",
  "ttl",
  "ttl-sequential",
];
const versionMax = 2 ** 31 - 1;

/**
 * Reads the operations of a multi out of a JSON array, or out of objects that stand one on a line.
 * @throws {CommandError} usage, with the place of what does not fit.
 */
export function parseOperationsJson(text: string): readonly MultiOperation[] {
  const values = text.trimStart().startsWith("[") ? arrayOf(text) : linesOf(text);
  return values.map((value, index) => operationOf(value, `operation ${index + 1}`));
}

function arrayOf(text: string): readonly unknown[] {
  const value = parsed(text, "the operations");
  if (Array.isArray(value)) return value;
  throw usageError("expected a JSON array of operations");
}

function linesOf(text: string): readonly unknown[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").map((line) => parsed(line, `the line ${line}`));
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(`${what} cannot be read as JSON: ${(error as Error).message}`);
  }
}

function operationOf(value: unknown, where: string): MultiOperation {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw usageError(`${where}: expected an object with kind and path`);
  }
  const fields = new Fields(value as Record<string, unknown>, where);
  const kind = fields.oneOf("kind", Object.keys(shapes) as MultiOperation["kind"][], true);
  const { keys, needs } = shapes[kind];
  fields.allowOnly(["kind", "path", ...keys]);
  fields.require(["path", ...needs]);
  const path = fields.text("path") ?? "";
  switch (kind) {
    case "create": {
      const ephemeral = fields.flag("ephemeral");
      const sequential = fields.flag("sequential");
      const parents = fields.flag("parents");
      const mode = fields.has("mode") ? fields.oneOf("mode", modes, false) : undefined;
      const ttlMs = fields.number("ttlMs", 1, Number.MAX_SAFE_INTEGER);
      return { kind, path, data: fields.data(), mode, ephemeral, sequential, parents, ttlMs };
    }
    case "set":
      return { kind, path, data: fields.data(), version: fields.version() };
    case "delete":
    case "check":
      return { kind, path, version: fields.version() };
  }
}

/** Fields of one object, with their types checked. */
class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(value: Readonly<Record<string, unknown>>, where: string) {
    this.#value = value;
    this.#where = where;
  }

  has(key: string): boolean {
    return this.#value[key] !== undefined;
  }

  allowOnly(keys: readonly string[]): void {
    const stray = Object.keys(this.#value).find((key) => !keys.includes(key));
    if (stray === undefined) return;
    const guess = nearest(stray, keys);
    const tail = guess === undefined ? `it takes ${keys.join(", ")}` : `did you mean ${guess}?`;
    throw usageError(`${this.#where} takes no ${stray}; ${tail}`);
  }

  require(keys: readonly string[]): void {
    const missing = keys.find((key) => !this.has(key));
    if (missing !== undefined) throw this.#wrong(missing, "a value");
  }

  text(key: string): string | undefined {
    const value = this.#value[key];
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(key, "a string");
  }

  flag(key: string): boolean | undefined {
    const value = this.#value[key];
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false");
  }

  number(key: string, min: number, max: number): number | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    throw this.#wrong(key, `a whole number from ${min} to ${max}`);
  }

  version(): number | undefined {
    return this.number("version", -1, versionMax);
  }

  oneOf<T extends string>(key: string, words: readonly T[], isNeeded: boolean): T {
    const value = this.#value[key];
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    const guess = typeof value === "string" ? nearest(value, words) : undefined;
    const tail = guess === undefined ? "" : `; did you mean ${guess}?`;
    const expected = `one of ${words.join(", ")}${tail}`;
    throw this.#wrong(key, isNeeded && value === undefined ? `a ${key}: ${expected}` : expected);
  }

  /** As JSON output has it: text, or base64 when `encoding` says so. */
  data(): string | Uint8Array {
    const text = this.text("data") ?? "";
    if (!this.has("encoding")) return text;
    this.oneOf("encoding", ["base64"], true);
    return Buffer.from(text, "base64");
  }

  #wrong(key: string, expected: string): Error {
    const found = JSON.stringify(this.#value[key])?.slice(0, 80) ?? "nothing";
    return usageError(`${this.#where}: expected ${key} to be ${expected}; found ${found}`);
  }
}
