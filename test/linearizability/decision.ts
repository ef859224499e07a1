import type { Budget } from "./budget.ts";
import { judgeLifetimes } from "./lifetimes.ts";
import type { Machine } from "./model.ts";
import { type Span, type Verdict, search } from "./search.ts";

/** The verdict on the operations of one key: by the lifetimes of its values, else by search. */
export function decide(spans: readonly Span[], machine: Machine, budget: Budget): Verdict {
  return judgeLifetimes(spans, machine) ?? search(spans, machine, budget);
}
