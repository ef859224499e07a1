import { Budget, type Limit } from "./budget.ts";
import { decide } from "./decision.ts";
import { explain, nameOfKey } from "./explanation.ts";
import { type HistoryEvent, HistoryError, type Operation, operationsByKey } from "./history.ts";
import { initialOf } from "./initial.ts";
import { kv } from "./kv.ts";
import type { Model, ModelName } from "./model.ts";
import { mutex } from "./mutex.ts";
import { register } from "./register.ts";
import type { Verdict } from "./search.ts";

/** What became of a history. */
export interface Judgement {
  /** `unknown`: the limit was reached first. It is no pass. */
  readonly verdict: Verdict;
  /** The key that was violated, or the first one that was not decided. */
  readonly key?: string;
  /** Why it is violated or not known, in lines for readers. */
  readonly explanation?: string;
  readonly operations: number;
  readonly keys: number;
  readonly steps: number;
  /** What was taken for granted and might not be. */
  readonly notes: readonly string[];
}

/** How much to do, and what to start from. */
export interface JudgeOptions extends Limit {
  /** Value of every key at the beginning; left out: null, or what the history shows. */
  readonly initial?: unknown;
}

/** The objects by name. */
export const models: Readonly<Record<ModelName, Model>> = { kv, mutex, register };

/**
 * Whether a history could have come from one object a key that does one thing at a time, each
 * between its beginning and its end. Keys are independent, so that each is judged alone. Pure but
 * for the clock, which is looked at only for `ms`.
 * @throws {HistoryError} when the history contradicts itself or knows other operations.
 */
export function judge(
  events: readonly HistoryEvent[],
  model: ModelName,
  options: JudgeOptions = {},
): Judgement {
  const rules = models[model];
  refuseStrangers(events, rules);
  const byKey = operationsByKey(events);
  const { initial, notes } = initialOf(byKey, rules, options.initial);
  const budget = new Budget(options);
  const court = new Court(rules, initial, budget);
  const { verdict, key } = court.judge(byKey);
  const operations = [...byKey.values()].reduce((sum, { length }) => sum + length, 0);
  const found = { verdict, operations, keys: byKey.size, steps: budget.used, notes };
  if (key === undefined) return found;
  const ofKey = byKey.get(key) ?? [];
  const explanation =
    verdict === "violated"
      ? explain({ key, operations: ofKey, model: rules, initial })
      : `${nameOfKey(key)}: not decided after ${budget.used} steps; ${ofKey.length} operations`;
  return { ...found, key, explanation };
}

/** Steps of the first attempt at a key: a hard one must not take the time of all others. */
const stepsAtFirst = 200_000;

class Court {
  readonly #model: Model;
  readonly #initial: unknown;
  readonly #budget: Budget;

  constructor(model: Model, initial: unknown, budget: Budget) {
    this.#model = model;
    this.#initial = initial;
    this.#budget = budget;
  }

  /** All keys, first with a few steps each, then the hard ones with what is left. */
  judge(byKey: ReadonlyMap<string, readonly Operation[]>): { verdict: Verdict; key?: string } {
    const hard: string[] = [];
    for (const [key, operations] of byKey) {
      const verdict = this.#verdict(operations, new Budget({ steps: stepsAtFirst }, this.#budget));
      if (verdict === "violated") return { verdict, key };
      if (verdict === "unknown") hard.push(key);
    }
    let undecided: string | undefined;
    for (const key of hard) {
      const verdict = this.#verdict(byKey.get(key) ?? [], this.#budget);
      if (verdict === "violated") return { verdict, key };
      if (verdict === "unknown") undecided ??= key;
    }
    if (undecided !== undefined) return { verdict: "unknown", key: undecided };
    return { verdict: "linearizable" };
  }

  #verdict(operations: readonly Operation[], budget: Budget): Verdict {
    return decide(operations, this.#model.machine(operations, this.#initial), budget);
  }
}

function refuseStrangers(events: readonly HistoryEvent[], { name, functions }: Model): void {
  events.forEach(({ f, line }, place) => {
    if (functions.includes(f)) return;
    throw new HistoryError(
      `line ${line ?? place + 1}: the ${name} model does not know "${f}"; ` +
        `expected ${functions.map((known) => `"${known}"`).join(", ")}`,
    );
  });
}
