import type { Operation } from "./command.ts";
import type { Applied } from "./result.ts";
import { refused, type State, unchanged } from "./state.ts";

type OpenSession = Extract<Operation, { kind: "open-session" }>;

/** Opens a session, or finds it open with the same secret. */
export function openSession(state: State, index: number, operation: OpenSession): Applied {
  const { session, secret, timeoutMs } = operation;
  if (session <= 0) return refused(index, "a session has an id above 0");
  const known = state.sessions.get(session);
  if (known === undefined) {
    state.sessions.open(session, new Uint8Array(secret), timeoutMs);
  } else if (!sameBytes(known.secret, secret)) {
    return refused(index, `session ${session} exists and the secret is not its own`);
  }
  return unchanged(index);
}

/**
 * Ends sessions that are open. Their ephemeral nodes go with them, but not those of sessions of
 * other clusters that happen to have the same number.
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
    const session = state.sessions.get(id);
    if (session === undefined) continue;
    // In an order that does not depend on when a replica came to know of them.
    for (const path of [...session.ephemerals].sort()) {
      const node = state.nodes.get(path);
      if (node !== undefined) draft.delete(node);
    }
    state.sessions.close(id);
    endedSessions.push(id);
  }
  return { ...state.finishOwn(draft), endedSessions };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, place) => byte === b[place]);
}
