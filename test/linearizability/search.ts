import type { Budget } from "./budget.ts";
import { type Machine, any, illegal, same } from "./model.ts";
import { Order } from "./order.ts";
import { Demand } from "./demand.ts";
import { Memory } from "./memory.ts";

/** When an operation of a key began and ended; open ones end at `Infinity`. */
export interface Span {
  readonly invoked: number;
  readonly returned: number;
}

/** What became of a history. `unknown`: the budget ended before the search. */
export type Verdict = "linearizable" | "unknown" | "violated";

/**
 * Looks for an order of the operations on one object in which each has its result, and none stands
 * before another that ended before it began. All that have ended must have a place in it, open
 * ones may.
 *
 * Wing and Gong's search with Lowe's memory of states: depth first through the operations that
 * could be next, never twice from the same set of operations left with the same state. The spans
 * are in the order of their beginnings.
 */
export function search(spans: readonly Span[], machine: Machine, budget: Budget): Verdict {
  return new Search(spans, machine, budget).run();
}

/** A choice and what followed from it without choice. */
interface Choice {
  readonly operation: number;
  readonly stateBefore: number;
  /** How many operations had a place before it. */
  readonly placedBefore: number;
}

/** A state whose value no operation needs any more: all such are alike. */
const unneeded = -4;

class Search {
  readonly #machine: Machine;
  readonly #budget: Budget;
  readonly #order: Order;
  readonly #demand: Demand | undefined;
  readonly #memory = new Memory();
  readonly #isOpen: Uint8Array;
  /** The operation before which does the same and is open too; -1: none. */
  readonly #twins: Int32Array;
  readonly #placed: number[] = [];
  readonly #choices: Choice[] = [];
  #state: number;
  /** Operations that have ended and have no place yet. */
  #left: number;

  constructor(spans: readonly Span[], machine: Machine, budget: Budget) {
    this.#machine = machine;
    this.#budget = budget;
    this.#order = new Order(spans);
    this.#isOpen = Uint8Array.from(spans, ({ returned }) => (Number.isFinite(returned) ? 0 : 1));
    this.#left = this.#isOpen.reduce((left, isOpen) => left + 1 - isOpen, 0);
    this.#demand = machine.moves && new Demand(machine.moves, this.#isOpen);
    this.#twins = twinsOf(machine, this.#isOpen);
    this.#state = machine.initial;
  }

  run(): Verdict {
    if (this.#demand?.isHopeless(this.#state) === true) return "violated";
    this.#settle();
    let node = this.#order.first;
    while (this.#left > 0) {
      const operation = this.#next(node);
      if (operation === undefined) return "unknown";
      if (operation !== none) {
        this.#choose(operation);
        if (this.#memory.isNew(this.#situation())) {
          node = this.#order.first;
          continue;
        }
      }
      const undone = this.#undo();
      if (undone === none) return "violated";
      node = this.#order.after(undone);
    }
    return "linearizable";
  }

  /** First operation from a node on that can be next; undefined when the budget ended. */
  #next(from: number): number | undefined {
    for (let node = from; this.#order.isBeginning(node); node = this.#order.next(node)) {
      if (!this.#budget.spend()) return undefined;
      const operation = this.#order.operation(node);
      if (this.#isPromising(operation)) return operation;
    }
    return none;
  }

  #isPromising(operation: number): boolean {
    const next = this.#machine.step(this.#state, operation);
    if (next === illegal) return false;
    const isOpen = this.#isOpen[operation] === 1;
    if (isOpen && (next === this.#state || !this.#isFirstTwin(operation))) return false;
    return this.#demand?.forbids(operation, this.#state, isOpen) !== true;
  }

  /** Of open operations that do the same, the one that began first stands for all. */
  #isFirstTwin(operation: number): boolean {
    const twin = this.#twins[operation] ?? none;
    return twin === none || this.#order.isPlaced(twin);
  }

  #choose(operation: number): void {
    const { length: placedBefore } = this.#placed;
    this.#choices.push({ operation, stateBefore: this.#state, placedBefore });
    this.#bury(operation);
    this.#state = this.#machine.step(this.#state, operation);
    this.#place(operation);
    this.#settle();
  }

  /**
   * Places reads that can be next. Doing so takes no other order away: wherever one stood later in
   * an order, it can stand here as well. A write that happens to write what is there already is no
   * read: later it would change something.
   */
  #settle(): void {
    let node = this.#order.first;
    while (this.#order.isBeginning(node)) {
      const operation = this.#order.operation(node);
      const isCertain = this.#isOpen[operation] === 0 && this.#machine.isRead(operation);
      if (isCertain && this.#machine.step(this.#state, operation) === this.#state) {
        this.#place(operation);
      }
      node = this.#order.next(node);
    }
  }

  /**
   * Before a write that needs no state, places the writes that could be next and whose value nobody
   * needs: there they are overwritten at once, so that no other order is taken away.
   */
  #bury(write: number): void {
    const demand = this.#demand;
    if (demand === undefined || !demand.isBlind(write)) return;
    let node = this.#order.first;
    while (this.#order.isBeginning(node)) {
      const operation = this.#order.operation(node);
      const isOpen = this.#isOpen[operation] === 1;
      if (!isOpen && operation !== write && demand.isUnneededWrite(operation)) {
        this.#place(operation);
      }
      node = this.#order.next(node);
    }
  }

  #place(operation: number): void {
    this.#placed.push(operation);
    this.#order.lift(operation);
    const isOpen = this.#isOpen[operation] === 1;
    if (!isOpen) this.#left -= 1;
    this.#demand?.remove(operation, isOpen);
  }

  /** Takes the last choice back; the operation that was chosen, or `none` when there is none. */
  #undo(): number {
    const choice = this.#choices.pop();
    if (choice === undefined) return none;
    while (this.#placed.length > choice.placedBefore) {
      const operation = this.#placed.pop() ?? none;
      this.#order.unlift(operation);
      const isOpen = this.#isOpen[operation] === 1;
      if (!isOpen) this.#left += 1;
      this.#demand?.add(operation, isOpen);
    }
    this.#state = choice.stateBefore;
    return choice.operation;
  }

  /**
   * What everything that can follow depends on: the state, the first end to come, and what began
   * before it and has no place yet. All else before that end has a place, all behind it has none.
   */
  #situation(): string {
    const demand = this.#demand;
    const isNeeded = demand === undefined || demand.isNeeded(this.#state);
    const words: number[] = [isNeeded ? this.#state : unneeded];
    let node = this.#order.first;
    for (; this.#order.isBeginning(node); node = this.#order.next(node)) {
      const operation = this.#order.operation(node);
      const isUseless = this.#isOpen[operation] === 1 && demand?.isUseless(operation) === true;
      if (!isUseless) words.push(operation);
    }
    words.push(node);
    return words.join();
  }
}

const none = -1;

function twinsOf({ moves }: Machine, isOpen: Uint8Array): Int32Array {
  const twins = new Int32Array(isOpen.length).fill(none);
  if (moves === undefined) return twins;
  const last = new Map<string, number>();
  for (let operation = 0; operation < isOpen.length; operation += 1) {
    if (isOpen[operation] !== 1) continue;
    const move = `${moves.needs[operation] ?? any},${moves.makes[operation] ?? same}`;
    twins[operation] = last.get(move) ?? none;
    last.set(move, operation);
  }
  return twins;
}
