import type { Operation } from "./history.ts";
import { type Model, canonical } from "./model.ts";

/** Values that objects begin with in practice when it is not null. */
const others: readonly unknown[] = [0, "", false];

/** What all keys begin with, and what to say of it. */
export interface Initial {
  readonly initial: unknown;
  readonly notes: readonly string[];
}

/**
 * Null, unless the history never shows null and shows one of the other usual first values where
 * nobody has written it: then it comes from a system whose registers begin with that.
 */
export function initialOf(
  byKey: ReadonlyMap<string, readonly Operation[]>,
  { name }: Model,
  given: unknown,
): Initial {
  if (given !== undefined || name === "mutex") return { initial: given ?? null, notes: [] };
  const histories = [...byKey.values()];
  if (histories.some((operations) => shows(operations, null))) return { initial: null, notes: [] };
  const found = others.find((value) =>
    histories.some((operations) => shows(operations, value) && !writes(operations, value)),
  );
  if (found === undefined) return { initial: null, notes: [] };
  const note = `${canonical(found)} is read and never written, null never read: taken as initial`;
  return { initial: found, notes: [note] };
}

/** Whether an operation that has happened found a value. */
function shows(operations: readonly Operation[], value: unknown): boolean {
  const text = canonical(value);
  return operations.some(({ f, input, output, returnedLine }) => {
    if (returnedLine === undefined) return false;
    if (f === "read" || f === "get") return canonical(output) === text;
    return f === "cas" && Array.isArray(input) && canonical(input[0]) === text;
  });
}

/** Whether an operation may leave a value. */
function writes(operations: readonly Operation[], value: unknown): boolean {
  const text = canonical(value);
  return operations.some(({ f, input, output }) => {
    if (f === "write" || f === "put") return canonical(input ?? output) === text;
    return f === "cas" && Array.isArray(input) && canonical(input[1]) === text;
  });
}
