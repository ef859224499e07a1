import type { Operation } from "./history.ts";
import { type Machine, type Model, Values, any, canonical, illegal, same } from "./model.ts";
import { describeAccess, moveOf, register } from "./register.ts";

/**
 * Keys with values that are also deleted and appended to. A missing key reads as null. Text is
 * appended to text; anything else becomes an element of a list.
 */
export const kv: Model = {
  name: "kv",
  functions: ["get", "put", "cas", "delete", "append", "read", "write"],
  machine: (operations, initial) => {
    const appends = operations.some(({ f }) => f === "append");
    return appends ? appendable(operations, initial) : register.machine(operations, initial);
  },
  describe: (operation) =>
    operation.f === "append" ? `append ${canonical(operation.input)}` : describeAccess(operation),
};

/** A value that is appended to has as many states as there are orders: they are named as met. */
function appendable(operations: readonly Operation[], initial: unknown): Machine {
  const values = new Values();
  const first = values.numberOf(initial);
  const moves = operations.map((operation) =>
    operation.f === "append" ? undefined : moveOf(operation, values),
  );
  const appended = new Map<string, number>();
  const append = (state: number, operation: number): number => {
    const place = `${state},${operation}`;
    const known = appended.get(place);
    if (known !== undefined) return known;
    const value = extended(values.valueOf(state), operations[operation]?.input);
    const next = values.numberOf(value);
    appended.set(place, next);
    return next;
  };
  return {
    initial: first,
    moves: undefined,
    show: (state) => canonical(values.valueOf(state)),
    isRead: (operation) => {
      const move = moves[operation];
      return move !== undefined && (move.make === same || move.make === move.need);
    },
    step: (state, operation) => {
      const move = moves[operation];
      if (move === undefined) return append(state, operation);
      if (move.need !== any && move.need !== state) return illegal;
      return move.make === same ? state : move.make;
    },
  };
}

function extended(value: unknown, part: unknown): unknown {
  if (typeof part === "string" && (value === null || typeof value === "string")) {
    return `${value ?? ""}${part}`;
  }
  if (value === null) return [part];
  return Array.isArray(value) ? [...(value as unknown[]), part] : [value, part];
}
