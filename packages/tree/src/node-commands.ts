import type { Command, NodeOperation, Operation } from "./command.ts";
import { type Failure, failed, type Refused } from "./failure.ts";
import { type Written, writeNode } from "./node-writer.ts";
import { countOn } from "./quota-switch.ts";
import { isDue } from "./reap-index.ts";
import type { Applied, PartResult, Result } from "./result.ts";
import { goOnEnding } from "./session-commands.ts";
import { type State, unchanged } from "./state.ts";
import { utf8Length } from "./utf8.ts";

/** What a client may ask for. */
type Write = Extract<Operation, { kind: "create" | "set" | "delete" | "multi" }>;

const done: Result = { kind: "done" };

/** Applies a single write. */
export function write(
  state: State,
  index: number,
  { session, timeMs }: Command,
  operation: Exclude<NodeOperation, { kind: "check" }>,
): Applied {
  // Only a create that makes ancestors can fail after it has done something.
  const draft = state.draft(index, timeMs, operation.kind === "create" && operation.parents);
  const written = writeNode(state, draft, session, operation);
  if (isFailure(written)) {
    draft.rollBack();
    return unchanged(index, failed(written));
  }
  const { path, stat } = written;
  return state.finishOwn(draft, stat === undefined ? done : { kind: "node", path, stat });
}

/** Applies several writes, all or nothing. */
export function multi(
  state: State,
  index: number,
  { session, timeMs }: Command,
  operations: readonly NodeOperation[],
): Applied {
  const refusal = refuseSizeOf(state, operations);
  if (refusal !== undefined) return unchanged(index, failed(refusal));
  const draft = state.draft(index, timeMs, true);
  const parts: PartResult[] = [];
  for (const operation of operations) {
    const written = writeNode(state, draft, session, operation);
    if (isFailure(written)) {
      draft.rollBack();
      return unchanged(index, failedAt(parts.length, written, operations));
    }
    parts.push({ path: written.path, stat: written.stat, code: "", outcome: "done" });
  }
  return state.finishOwn(draft, { kind: "multi", parts });
}

/** Why a multi is too large, whatever is in the tree; undefined: it is not. */
export function refuseSizeOf(
  state: State,
  operations: readonly NodeOperation[],
): Failure | undefined {
  const { multiOperationsMax, multiBytesMax } = state.limits;
  if (operations.length <= multiOperationsMax && sizeOf(operations) <= multiBytesMax) {
    return undefined;
  }
  const message = `a multi may have ${multiOperationsMax} parts and ${multiBytesMax} bytes`;
  return { code: "TOO_LARGE", message };
}

/**
 * Why a write would be refused if it were the next command; undefined: it would be done. It is
 * tried and taken back, so that nothing of it stays.
 */
export function foresee(state: State, command: Command): Refused | undefined {
  const { operation, session, timeMs } = command;
  if (!isWrite(operation)) return undefined;
  const isMulti = operation.kind === "multi";
  const operations = isMulti ? operation.operations : [operation];
  const draft = state.draft(state.appliedIndex + 1, timeMs, true);
  let refused: Refused | undefined;
  for (const [place, part] of operations.entries()) {
    const written = writeNode(state, draft, session, part);
    if (!isFailure(written)) continue;
    refused = isMulti ? failedAt(place, written, operations) : failed(written);
    break;
  }
  draft.rollBack();
  state.nodes.settle();
  return refused;
}

/**
 * One of the leader's rounds. Deletes containers and TTL nodes that are due, and no others. Gets
 * on with what other commands left to be done in portions.
 */
export function reap(
  state: State,
  index: number,
  timeMs: number,
  paths: readonly string[],
): Applied {
  const draft = state.draft(index, timeMs);
  for (const path of paths) {
    const node = state.nodes.get(path);
    if (node !== undefined && isDue(node, timeMs) && state.owns(path)) draft.delete(node);
  }
  goOnEnding(state, draft);
  if (draft.changes.length === 0) countOn(state);
  return state.finishOwn(draft);
}

function isWrite(operation: Operation): operation is Write {
  const { kind } = operation;
  return kind === "create" || kind === "set" || kind === "delete" || kind === "multi";
}

function failedAt(place: number, failure: Failure, operations: readonly NodeOperation[]): Refused {
  const parts = operations.map(({ path }, at): PartResult => {
    if (at === place) return { path, stat: undefined, code: failure.code, outcome: "failed" };
    return { path, stat: undefined, code: "", outcome: at < place ? "undone" : "untried" };
  });
  return failed({ ...failure, message: `part ${place}: ${failure.message}` }, parts);
}

function isFailure(written: Written | Failure): written is Failure {
  return "code" in written;
}

function sizeOf(operations: readonly NodeOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    bytes += utf8Length(operation.path);
    if ("data" in operation) bytes += operation.data.byteLength;
  }
  return bytes;
}
