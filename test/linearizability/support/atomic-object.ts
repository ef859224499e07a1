import type { HistoryEvent } from "../history.ts";
import { canonical } from "../model.ts";
import { Random } from "./random.ts";

/** What a history is made of. */
export interface HistoryShape {
  readonly seed: number;
  readonly operations: number;
  readonly processes: number;
  readonly keys?: number;
  /** Values are drawn from so many; left out: each is written once. */
  readonly values?: number;
  /** Part of the operations whose end nobody learns. */
  readonly lost?: number;
  readonly object?: "kv" | "mutex" | "register";
}

/**
 * The history of an object that does one thing at a time, at some moment between beginning and end
 * of each operation: there is an order by construction.
 */
export function atomicHistory(shape: HistoryShape): HistoryEvent[] {
  return new AtomicObject(shape).history();
}

/** The same history with one result or one argument changed, or two ends exchanged. */
export function mutated(events: readonly HistoryEvent[], seed: number): HistoryEvent[] {
  const random = new Random(seed);
  const copy = events.map((event) => ({ ...event }));
  const reads = copy.filter(({ f, type }) => type === "ok" && (f === "read" || f === "get"));
  const others = reads.map(({ value }) => value);
  if (reads.length === 0) return copy;
  random.pick(reads).value = random.pick([...others, 1, 2]);
  return copy;
}

interface Pending {
  readonly process: number;
  readonly key: string;
  readonly f: string;
  readonly value: unknown;
  done?: { readonly isApplied: boolean; readonly result: unknown };
}

class AtomicObject {
  readonly #shape: HistoryShape;
  readonly #random: Random;
  readonly #events: HistoryEvent[] = [];
  readonly #state = new Map<string, unknown>();
  readonly #pending: Pending[] = [];
  readonly #lost: Pending[] = [];
  readonly #idle: number[];
  #processes: number;
  #written = 0;

  constructor(shape: HistoryShape) {
    this.#shape = shape;
    this.#random = new Random(shape.seed);
    this.#processes = shape.processes;
    this.#idle = Array.from({ length: shape.processes }, (_, process) => process);
  }

  history(): HistoryEvent[] {
    let begun = 0;
    while (begun < this.#shape.operations || this.#pending.length > 0) {
      const act = this.#random.below(3);
      if (act === 0 && begun < this.#shape.operations && this.#idle.length > 0) {
        this.#begin();
        begun += 1;
      } else if (act === 1) this.#apply();
      else this.#end();
    }
    return this.#events;
  }

  #begin(): void {
    const [process = 0] = this.#idle.splice(this.#random.below(this.#idle.length), 1);
    const key = `k${this.#random.below(this.#shape.keys ?? 1)}`;
    const { f, value } = this.#operation(process, key);
    this.#events.push({ process, type: "invoke", f, key, value });
    this.#pending.push({ process, key, f, value });
  }

  #operation(process: number, key: string): { readonly f: string; readonly value: unknown } {
    const { object = "register" } = this.#shape;
    if (object === "mutex") {
      const isHolder = this.#state.get(key) === process;
      return { f: isHolder ? "release" : "acquire", value: null };
    }
    const names = object === "kv" ? kvNames : ["read", "read", "write", "cas"];
    const f = this.#random.pick(names);
    if (f === "cas") return { f, value: [this.#state.get(key) ?? null, this.#value()] };
    if (f === "append") return { f, value: `${this.#random.below(9)}` };
    return { f, value: f === "write" || f === "put" ? this.#value() : null };
  }

  #value(): number | string {
    this.#written += 1;
    const { values, object } = this.#shape;
    const value = values === undefined ? this.#written : this.#random.below(values);
    return object === "kv" ? `${value}` : value; // text, so that text can be appended
  }

  /** One of those under way takes effect, perhaps one that nobody waits for any more. */
  #apply(): void {
    const open = [...this.#pending, ...this.#lost].filter(({ done }) => done === undefined);
    if (open.length === 0) return;
    const operation = this.#random.pick(open);
    operation.done = this.#effect(operation);
  }

  #effect({ f, key, value, process }: Pending): NonNullable<Pending["done"]> {
    const now = this.#state.get(key) ?? null;
    const set = (next: unknown): NonNullable<Pending["done"]> => {
      this.#state.set(key, next);
      return { isApplied: true, result: value };
    };
    const refused = { isApplied: false, result: value };
    if (f === "read" || f === "get") return { isApplied: true, result: now };
    if (f === "delete") return set(null);
    if (f === "append") return set(typeof now === "string" ? now + String(value) : String(value));
    if (f === "acquire") return now === null ? set(process) : refused;
    if (f === "release") return now === process ? set(null) : refused;
    if (f !== "cas") return set(value);
    const [old, next] = value as [unknown, unknown];
    return canonical(now) === canonical(old) ? set(next) : refused;
  }

  #end(): void {
    if (this.#pending.length === 0) return;
    const place = this.#random.below(this.#pending.length);
    const operation = this.#pending[place];
    if (operation === undefined) return;
    const { process, key, f, value, done } = operation;
    if (this.#random.chance(this.#shape.lost ?? 0)) {
      this.#pending.splice(place, 1);
      this.#lost.push(operation);
      this.#events.push({ process, type: "info", f, key, value });
      this.#idle.push(this.#processes);
      this.#processes += 1;
      return;
    }
    if (done === undefined) return;
    this.#pending.splice(place, 1);
    this.#idle.push(process);
    const type = done.isApplied ? "ok" : "fail";
    this.#events.push({ process, type, f, key, value: done.result });
  }
}

const kvNames = ["get", "get", "put", "cas", "delete", "append"];
