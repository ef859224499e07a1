import { Budget } from "./budget.ts";
import { decide } from "./decision.ts";
import { type Operation, onlyKey } from "./history.ts";
import { type Machine, type Model, any, machineOf, same } from "./model.ts";

/** A key whose operations have no order. */
export interface Violation {
  readonly key: string;
  readonly operations: readonly Operation[];
  readonly model: Model;
  readonly initial: unknown;
}

/**
 * Why there is no order, in lines for readers: the first end that makes it impossible, what could
 * have been found instead, and as few operations as still contradict each other.
 */
export function explain(violation: Violation): string {
  const { key, model } = violation;
  const prefix = smallestPrefix(violation);
  const culprit = prefix.findLast(({ returnedLine }) => returnedLine === lastLine(prefix));
  if (culprit === undefined) throw new Error("a history without ends is always linearizable");
  const few = reduced(violation, prefix, culprit);
  const found = statesAt(violation, prefix, culprit);
  const what = `process ${culprit.process} ends ${model.describe(culprit)}`;
  return [
    `${nameOfKey(key)} is not linearizable: ` +
      `${prefix.length} operations up to line ${culprit.returnedLine} have no order`,
    `line ${culprit.returnedLine}: ${what}; without this line there is an order`,
    ...(found.length === 0 ? [] : [`in those orders it then is ${found.join(" or ")}`]),
    few.length < prefix.length
      ? `these ${few.length} of them contradict each other already:`
      : "they are:",
    ...table(few, culprit, model),
  ].join("\n");
}

/** A key for readers. */
export function nameOfKey(key: string): string {
  return key === onlyKey ? "the history" : `key ${JSON.stringify(key)}`;
}

/** Work for one question; a question that takes more is not asked further. */
const stepsMax = 300_000;

/** Work for leaving operations out: steps, and operations looked at. */
const reductionStepsMax = 3_000_000;
const reductionOperationsMax = 2_000_000;

/** Operations shown at most: the last ones. */
const shownMax = 24;

/** States named at most. */
const statesMax = 6;

/** The operations up to the first end with which there is no order any more. */
function smallestPrefix(violation: Violation): readonly Operation[] {
  const { operations } = violation;
  const ends = operations
    .map(({ returned }) => returned)
    .filter((returned) => Number.isFinite(returned))
    .sort((one, other) => one - other);
  let from = 0;
  let to = ends.length - 1;
  // Whatever follows an impossible beginning is impossible, so that halving finds the first end.
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isViolated(violation, upTo(operations, ends[middle] ?? 0))) to = middle;
    else from = middle + 1;
  }
  return upTo(operations, ends[to] ?? Number.POSITIVE_INFINITY);
}

/** The history as it was after an event: what had not ended was open. */
function upTo(operations: readonly Operation[], place: number): readonly Operation[] {
  return operations
    .filter(({ invoked }) => invoked <= place)
    .map((operation) => (operation.returned <= place ? operation : opened(operation)));
}

function opened(operation: Operation): Operation {
  const open = { returned: Number.POSITIVE_INFINITY, returnedLine: undefined, output: undefined };
  return { ...operation, ...open };
}

function lastLine(operations: readonly Operation[]): number {
  const ended = operations.reduce(
    (last, operation) =>
      Number.isFinite(operation.returned) && operation.returned > last.returned ? operation : last,
    { returned: -1, returnedLine: undefined as number | undefined },
  );
  return ended.returnedLine ?? 0;
}

/**
 * Leaves out operations that nobody depends on, reads and writes of values that nobody needs, as
 * long as there is no order without them either: a history with an order keeps one when such an
 * operation is taken out.
 */
function reduced(
  violation: Violation,
  prefix: readonly Operation[],
  culprit: Operation,
): readonly Operation[] {
  const budget = new Budget({ steps: reductionStepsMax });
  let kept = prefix;
  let looked = 0;
  for (let size = kept.length; size >= 1;) {
    let isSmaller = false;
    for (let from = 0; from < kept.length;) {
      looked += kept.length;
      if (looked > reductionOperationsMax) return kept;
      const spare = spareOf(kept, machineFor(violation, kept), culprit);
      const dropped = new Set(spare.slice(from, from + size));
      if (dropped.size === 0) break;
      const fewer = kept.filter((operation) => !dropped.has(operation));
      if (isViolated(violation, fewer, new Budget({ steps: stepsMax }, budget))) {
        kept = fewer;
        isSmaller = true;
      } else {
        from += size;
      }
    }
    if (size > 1) size = Math.min(size >> 1, kept.length);
    else if (!isSmaller) break;
  }
  return kept;
}

/** Reads, and operations that leave nothing that another one needs. */
function spareOf(
  operations: readonly Operation[],
  machine: Machine,
  culprit: Operation,
): readonly Operation[] {
  const { moves } = machine;
  const needed = new Set(moves?.needs);
  return operations.filter((operation, place) => {
    if (operation === culprit) return false;
    if (machine.isRead(place)) return true;
    return moves !== undefined && !needed.has(moves.makes[place] ?? same);
  });
}

/** States that the object may have had when the culprit found another. */
function statesAt(
  violation: Violation,
  prefix: readonly Operation[],
  culprit: Operation,
): readonly string[] {
  const machine = machineFor(violation, prefix);
  const { moves } = machine;
  const place = prefix.indexOf(culprit);
  if (moves === undefined || moves.needs[place] === any) return [];
  const candidates = [...new Set([...moves.makes].toReversed()), machine.initial]
    .filter((state) => state !== same)
    .slice(0, 40);
  const possible = candidates.filter((state) => {
    const needs = moves.needs.with(place, state);
    const makes = moves.makes.with(place, same);
    const asked = machineOf({ ...moves, needs, makes }, machine.initial, (state) =>
      machine.show(state),
    );
    return decide(prefix, asked, new Budget({ steps: stepsMax })) === "linearizable";
  });
  return [...new Set(possible)].slice(0, statesMax).map((state) => machine.show(state));
}

function isViolated(
  violation: Violation,
  operations: readonly Operation[],
  budget: Budget = new Budget({ steps: stepsMax }),
): boolean {
  return decide(operations, machineFor(violation, operations), budget) === "violated";
}

function machineFor({ model, initial }: Violation, operations: readonly Operation[]): Machine {
  return model.machine(operations, initial);
}

function table(operations: readonly Operation[], culprit: Operation, model: Model): string[] {
  const shown = operations.slice(-shownMax);
  const rows = shown.map((operation) => {
    const { invokedLine, returnedLine, process } = operation;
    const lines = `${invokedLine}–${returnedLine ?? "?"}`;
    const mark = operation === culprit ? "→" : " ";
    const fate = returnedLine === undefined ? "  (not ended)" : "";
    const what = `${model.describe(operation)}${fate}`;
    return `${mark} lines ${lines.padEnd(13)} process ${String(process).padEnd(4)} ${what}`;
  });
  const hidden = operations.length - shown.length;
  return hidden > 0 ? [`  … ${hidden} earlier ones`, ...rows] : rows;
}
