import { GrowingValues } from "./growing-values.ts";
import type { Operation } from "./history.ts";
import { type Machine, type Model, canonical, illegal } from "./model.ts";
import { argumentOf, describeAccess, exchangeOf, register } from "./register.ts";

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
  const values = new GrowingValues();
  const first = values.numberOf(initial);
  const steps = operations.map((operation) => stepOf(operation, values));
  return {
    initial: first,
    moves: undefined,
    show: (state) => canonical(values.valueOf(state)),
    isRead: (operation) => {
      const f = operations[operation]?.f;
      return f === "get" || f === "read";
    },
    step: (state, operation) => steps[operation]?.(state) ?? illegal,
  };
}

function stepOf(operation: Operation, values: GrowingValues): (state: number) => number {
  const { f, output, returnedLine } = operation;
  switch (f) {
    case "append": {
      const part = argumentOf(operation);
      return (state) => values.append(state, part);
    }
    case "get":
    case "read":
      if (returnedLine === undefined) return (state) => state;
      return (state) => (values.holds(state, output ?? null) ? state : illegal);
    case "cas": {
      const [old, next] = exchangeOf(operation);
      const made = values.numberOf(next);
      return (state) => (values.holds(state, old) ? made : illegal);
    }
    default: {
      const made = values.numberOf(f === "delete" ? null : argumentOf(operation));
      return () => made;
    }
  }
}
