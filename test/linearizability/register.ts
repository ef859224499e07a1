import { HistoryError, type Operation } from "./history.ts";
import { type Model, Values, any, canonical, machineOf, same } from "./model.ts";

/** A value that is read, written, and exchanged if it is as expected. */
export const register: Model = {
  name: "register",
  functions: ["read", "write", "cas"],
  machine: (operations, initial) => {
    const values = new Values();
    const first = values.numberOf(initial);
    const moves = operations.map((operation) => moveOf(operation, values));
    return machineOf(
      {
        needs: Int32Array.from(moves, ({ need }) => need),
        makes: Int32Array.from(moves, ({ make }) => make),
        states: values.size,
      },
      first,
      (state) => canonical(values.valueOf(state)),
    );
  },
  describe: describeAccess,
};

/** The state that an operation needs, and the one that it makes. */
interface Move {
  readonly need: number;
  readonly make: number;
}

/**
 * `read`, `write`, `cas` and their other names as moves.
 * @throws {HistoryError} for anything else.
 */
function moveOf(operation: Operation, values: Values): Move {
  const { f, output } = operation;
  switch (f) {
    case "read":
    case "get": {
      const isOpen = operation.returnedLine === undefined;
      return { need: isOpen ? any : values.numberOf(output), make: same };
    }
    case "write":
    case "put":
      return { need: any, make: values.numberOf(argumentOf(operation)) };
    case "delete":
      return { need: any, make: values.numberOf(null) };
    case "cas": {
      const [old, next] = exchangeOf(operation);
      return { need: values.numberOf(old), make: values.numberOf(next) };
    }
    default:
      throw new HistoryError(`line ${operation.invokedLine}: no model of ${f}`);
  }
}

/** `read → 3`, `write 3`, `cas 3 → 4`. */
export function describeAccess(operation: Operation): string {
  const { f, output, returnedLine } = operation;
  if (f === "read" || f === "get") {
    return returnedLine === undefined ? f : `${f} → ${canonical(output)}`;
  }
  if (f === "delete") return f;
  if (f !== "cas") return `${f} ${canonical(argumentOf(operation))}`;
  const [old, next] = exchangeOf(operation);
  return `cas ${canonical(old)} → ${canonical(next)}`;
}

/**
 * What an operation writes: what it was called with, or, when it was called with nothing, what it
 * ended with.
 * @throws {HistoryError} when both are there and differ.
 */
export function argumentOf(operation: Operation): unknown {
  const { f, input = null, output = null, invokedLine, returnedLine } = operation;
  if (output === null || canonical(input) === canonical(output)) return input;
  if (input === null) return output;
  throw new HistoryError(
    `line ${returnedLine}: ${f} ends ok with ${canonical(output)}, but began in line ` +
      `${invokedLine} with ${canonical(input)}; expected the same value, or null`,
  );
}

/**
 * What a `cas` expects and what it writes.
 * @throws {HistoryError} when the argument is no pair.
 */
export function exchangeOf(operation: Operation): readonly [unknown, unknown] {
  const argument = argumentOf(operation);
  if (Array.isArray(argument) && argument.length === 2) return [argument[0], argument[1]];
  throw new HistoryError(
    `line ${operation.invokedLine}: cas of ${canonical(argument)}; ` +
      "expected [what it must be, what it shall be]",
  );
}
