import { HistoryError, type Operation } from "./history.ts";
import { type Machine, type Model, Values, canonical, illegal, machineOf } from "./model.ts";

/**
 * A lock that one process holds: it is acquired when it is free and released by its holder. A
 * number with which `acquire` ends is a fencing token: each is greater than all before it.
 */
export const mutex: Model = {
  name: "mutex",
  functions: ["acquire", "release"],
  machine: (operations) =>
    operations.some((operation) => tokenOf(operation) !== undefined)
      ? fenced(operations)
      : plain(operations),
  describe: (operation) => {
    const token = tokenOf(operation);
    return token === undefined ? operation.f : `${operation.f} → token ${token}`;
  },
};

/** Holder of a free lock. */
const nobody = null;

function plain(operations: readonly Operation[]): Machine {
  const holders = new Values();
  const free = holders.numberOf(nobody);
  const moves = operations.map((operation) => {
    const own = holders.numberOf(operation.process);
    return isAcquire(operation) ? { need: free, make: own } : { need: own, make: free };
  });
  return machineOf(
    {
      needs: Int32Array.from(moves, ({ need }) => need),
      makes: Int32Array.from(moves, ({ make }) => make),
      states: holders.size,
    },
    free,
    (state) => nameOf(holders.valueOf(state)),
  );
}

interface Held {
  readonly holder: number | string | null;
  /** Greatest token that was given out. */
  readonly token: number;
}

function fenced(operations: readonly Operation[]): Machine {
  const states = new Values();
  const free: Held = { holder: nobody, token: Number.MIN_SAFE_INTEGER };
  return {
    initial: states.numberOf(free),
    moves: undefined,
    show: (state) => nameOf((states.valueOf(state) as Held).holder),
    isRead: () => false,
    step: (state, place) => {
      const operation = operations[place];
      const { holder, token } = states.valueOf(state) as Held;
      if (operation === undefined) return illegal;
      const { process } = operation;
      if (!isAcquire(operation)) {
        return holder === process ? states.numberOf({ holder: nobody, token }) : illegal;
      }
      // Of a token that nobody saw only this is known: it is greater than the one before.
      const own = tokenOf(operation) ?? token;
      const isGreater = tokenOf(operation) === undefined || own > token;
      return holder === nobody && isGreater
        ? states.numberOf({ holder: process, token: own })
        : illegal;
    },
  };
}

/** @throws {HistoryError} for anything but the two. */
function isAcquire({ f, invokedLine }: Operation): boolean {
  if (f !== "acquire" && f !== "release") {
    throw new HistoryError(`line ${invokedLine}: no model of ${f}`);
  }
  return f === "acquire";
}

function tokenOf({ f, input, output }: Operation): number | undefined {
  const isToken = f === "acquire" && typeof output === "number" && (input ?? null) === null;
  return isToken ? output : undefined;
}

function nameOf(holder: unknown): string {
  return holder === nobody ? "free" : `held by process ${canonical(holder)}`;
}
