import type { Operation } from "./history.ts";

/** What the object of a history is. */
export type ModelName = "kv" | "mutex" | "register";

/** Rules of an object. */
export interface Model {
  readonly name: ModelName;
  /** Names of the operations that it knows. */
  readonly functions: readonly string[];
  /**
   * The rules for the operations of one key, in the order given.
   * @throws {HistoryError} for an operation or a value that the model does not know.
   */
  machine(operations: readonly Operation[], initial: unknown): Machine;
  /** An operation with argument and result, for readers. */
  describe(operation: Operation): string;
}

/** An object and the operations on it, states and operations as small numbers. */
export interface Machine {
  readonly initial: number;
  /**
   * State after an operation with its known result; `illegal` when the operation cannot have that
   * result in this state. An open operation may have any result.
   */
  step(state: number, operation: number): number;
  /** Whether an operation never changes a state, whichever it is. */
  isRead(operation: number): boolean;
  /** Where each operation needs one state or none, and leaves one state or the same. */
  readonly moves: Moves | undefined;
  /** A state, for readers. */
  show(state: number): string;
}

/** Operations as moves between states that are plain values. */
export interface Moves {
  /** The state that an operation needs; `any` when it needs none. */
  readonly needs: Int32Array;
  /** The state that an operation leaves; `same` when it changes nothing. */
  readonly makes: Int32Array;
  /** States are in `[0, states)`. */
  readonly states: number;
}

/** Not a state: the operation is impossible there. */
export const illegal = -1;

/** Not a state: an operation that is possible in all of them. */
export const any = -2;

/** Not a state: an operation that leaves the one that it found. */
export const same = -3;

/** The machine of operations that are moves. */
export function machineOf(moves: Moves, initial: number, show: (state: number) => string): Machine {
  const { needs, makes } = moves;
  return {
    initial,
    moves,
    show,
    isRead: (operation) => {
      const make = makes[operation];
      return make === same || make === needs[operation];
    },
    step: (state, operation) => {
      const need = needs[operation];
      if (need !== any && need !== state) return illegal;
      const make = makes[operation];
      return make === undefined || make === same ? state : make;
    },
  };
}

/** Values by number. Equal values, whatever the order of their fields, have the same number. */
export class Values {
  readonly #numbers = new Map<string, number>();
  readonly #values: unknown[] = [];

  get size(): number {
    return this.#values.length;
  }

  numberOf(value: unknown): number {
    const text = canonical(value);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#values.length);
    this.#values.push(value ?? null);
    return this.#values.length - 1;
  }

  /** The value of a number that was given out. */
  valueOf(number: number): unknown {
    return this.#values[number];
  }
}

/** JSON with the fields of objects in order; a missing value is null. */
export function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    const fields = Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return Object.fromEntries(fields);
  });
}
