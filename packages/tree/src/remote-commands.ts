import type { Change, Transaction } from "./change.ts";
import type { Operation } from "./command.ts";
import { takeSeed, takeTransaction } from "./mirror.ts";
import { validatePath } from "./path.ts";
import type { Applied } from "./result.ts";
import { refused, type State, unchanged } from "./state.ts";

type ApplyRemote = Extract<Operation, { kind: "apply-remote" }>;
type SeedRemote = Extract<Operation, { kind: "seed-remote" }>;

/** Takes over changes of another cluster once: void unless the cursor is where they begin. */
export function applyRemote(
  state: State,
  index: number,
  timeMs: number,
  operation: ApplyRemote,
): Applied {
  const fault = faultOfCursor(state, operation) ?? faultOfTransactions(state, operation);
  if (fault !== undefined) return refused(index, fault);
  const { origin, incarnation, to } = operation;
  const taken: Transaction[] = [];
  for (const transaction of operation.transactions) {
    const draft = state.draft(index, timeMs);
    takeTransaction(state, draft, transaction);
    taken.push(...state.finish(draft, transaction, index).transactions);
  }
  state.cursors.set(origin, { cluster: origin, incarnation, index: to });
  return { ...unchanged(index), transactions: taken };
}

/**
 * Takes over a range of a snapshot of another cluster. Until its last range the mirror is partly
 * of one time and partly of another, so that its changes have no place in the origin's history.
 */
export function seedRemote(
  state: State,
  index: number,
  timeMs: number,
  operation: SeedRemote,
): Applied {
  const fault = faultOfSeed(state, operation);
  if (fault !== undefined) return refused(index, fault);
  const { origin, incarnation, last } = operation;
  const position = { cluster: origin, incarnation, index: operation.index };
  const known = state.cursors.get(origin);
  const draft = state.draft(index, timeMs);
  takeSeed(state, draft, operation);
  const source = { origin, incarnation, timeMs };
  const isPartTold = state.history.isInterrupted(origin);
  const applied = state.finish(
    draft,
    // Those who were told of a part have to know that the snapshot is whole, also when the last
    // range brings nothing new.
    { ...source, index: last ? operation.index : 0, isKept: last && isPartTold },
    index,
  );
  if (last) {
    state.history.resume(position);
    state.cursors.set(origin, position);
    return applied;
  }
  if (applied.transactions.length > 0) state.history.interrupt(origin);
  // The zone table that asked for a new beginning is in force by now: this is the beginning.
  if (operation.afterPath === "" && known?.index === 0) state.cursors.delete(origin);
  return applied;
}

function faultOfCursor(state: State, { origin, incarnation, from, to }: ApplyRemote) {
  if (origin === state.cluster) return "a cluster does not follow itself";
  const cursor = state.cursors.get(origin);
  const isAtCursor = cursor?.incarnation === incarnation && cursor.index === from && from > 0;
  if (!isAtCursor) return `the cursor of ${origin} is not at ${incarnation}/${from}`;
  return to < from ? `the range from ${from} to ${to} runs backwards` : undefined;
}

/** What in transactions cannot be the origin's doing in that range. */
function faultOfTransactions(
  state: State,
  { origin, incarnation, from, to, transactions }: ApplyRemote,
): string | undefined {
  let before = from;
  for (const transaction of transactions) {
    const { index, changes } = transaction;
    if (transaction.origin !== origin || transaction.incarnation !== incarnation) {
      return `transaction ${index} was made by ${transaction.origin}, not by ${origin}`;
    }
    if (index <= before || index > to) return `transaction ${index} is out of order`;
    const fault = faultOfPaths(state, changes);
    if (fault !== undefined) return fault;
    before = index;
  }
  return undefined;
}

function faultOfSeed(
  state: State,
  { origin, incarnation, index, nodes, last, afterPath }: SeedRemote,
): string | undefined {
  if (origin === state.cluster) return "a cluster does not follow itself";
  const cursor = state.cursors.get(origin);
  const isOlder =
    cursor !== undefined &&
    (cursor.incarnation > incarnation ||
      (cursor.incarnation === incarnation && cursor.index > index));
  if (isOlder) return `${origin} was taken over further than ${incarnation}/${index} already`;
  if (last && afterPath !== "" && cursor?.index === 0) {
    return `the zone table has changed since this snapshot of ${origin} began: begin again`;
  }
  return faultOfPaths(state, nodes);
}

/** A path that is known here is sound. */
function faultOfPaths(state: State, changes: readonly Change[]): string | undefined {
  for (const { path } of changes) {
    const fault = state.nodes.get(path) === undefined ? validatePath(path) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}
