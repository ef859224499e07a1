import type { Operation } from "./command.ts";
import type { Draft } from "./draft.ts";
import { failed } from "./failure.ts";
import type { Applied } from "./result.ts";
import { refused, type State, unchanged } from "./state.ts";
import type { Znode } from "./znode.ts";

type OpenSession = Extract<Operation, { kind: "open-session" }>;
type AttachSession = Extract<Operation, { kind: "attach-session" }>;

/** Ephemeral nodes that one command deletes at most: ten milliseconds or two. */
const goneMax = 2_000;

/** Opens a session, or finds it open with the same secret. */
export function openSession(state: State, index: number, operation: OpenSession): Applied {
  const { session, secret, timeoutMs } = operation;
  if (session <= 0) return refused(index, "a session has an id above 0");
  if (state.sessions.isEnding(session)) {
    const message = `session ${session} has ended, and some of its ephemeral nodes are still going`;
    return unchanged(index, failed({ code: "SESSION_EXPIRED", message }));
  }
  const known = state.sessions.get(session);
  if (known === undefined) {
    state.sessions.open(session, new Uint8Array(secret), timeoutMs);
    return { ...unchanged(index), isOpened: true };
  }
  if (!sameBytes(known.secret, secret)) {
    return refused(index, `session ${session} exists and the secret is not its own`);
  }
  return unchanged(index);
}

/** Another stream holds a session from now on, unless its client has begun a later one since. */
export function attachSession(state: State, index: number, operation: AttachSession): Applied {
  const { session, attachment, ticket } = operation;
  if (state.sessions.get(session) === undefined) return endedBefore(session, index);
  if (!state.sessions.attach(session, attachment)) return movedOn(session, index);
  return { ...unchanged(index), attached: { session, attachment, ticket } };
}

/** A command of a session that does not exist. */
export function endedBefore(session: number, index: number): Applied {
  const message = `session ${session} has ended or never existed`;
  return unchanged(index, failed({ code: "SESSION_EXPIRED", message }));
}

/** A command that came by a stream that does not hold its session any more. */
export function movedOn(session: number, index: number): Applied {
  const message = `a later stream holds session ${session}, at this node or another`;
  return unchanged(index, failed({ code: "SESSION_MOVED", message }));
}

/**
 * Ends sessions that are open. Their ephemeral nodes go with them, but not those of sessions of
 * other clusters that happen to have the same number.
 *
 * A command deletes a bounded number of nodes. Sessions that do not fit beside others are passed
 * over; whoever wants them to end asks again. One that alone has more nodes than that ends now, so
 * that nothing is written in it any more; what is left of its nodes goes with the leader's rounds.
 */
export function endSessions(
  state: State,
  index: number,
  timeMs: number,
  ids: readonly number[],
): Applied {
  const draft = state.draft(index, timeMs);
  const endedSessions: number[] = [];
  for (const id of ids) {
    if (state.sessions.get(id) === undefined) continue;
    const left = goneMax - draft.changes.length;
    if (endedSessions.length > 0 && state.nodes.ownedBy(id).size > left) continue;
    state.sessions.close(id);
    endedSessions.push(id);
    if (!deleteOwned(state, draft, id, left)) state.sessions.end(id);
  }
  return { ...state.finishOwn(draft), endedSessions };
}

/** Deletes more of the nodes of sessions that ended with too many, a portion in all. */
export function goOnEnding(state: State, draft: Draft): void {
  for (const id of state.sessions.ending()) {
    const left = goneMax - draft.changes.length;
    if (left <= 0 || !deleteOwned(state, draft, id, left)) return;
    state.sessions.endedWhole(id);
  }
}

/** Deletes ephemeral nodes of a session, at most so many; true: none is left. */
function deleteOwned(state: State, draft: Draft, session: number, max: number): boolean {
  const going: Znode[] = [];
  const isAll = state.nodes.ownedBy(session).visit(undefined, (node) => {
    if (!state.owns(node.path)) return true;
    if (going.length === max) return false;
    going.push(node);
    return true;
  });
  for (const node of going) draft.delete(node);
  return isAll;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, place) => byte === b[place]);
}
