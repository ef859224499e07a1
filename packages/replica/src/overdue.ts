import type { Operation, Tree } from "@meridian/tree";
import type { SessionLiveness } from "./session-liveness.ts";

/** Nodes reaped by one command at most. */
const reapsMax = 100;

/**
 * What a leader has to propose of its own accord: the end of sessions that were silent for too
 * long, and of nodes whose time is over.
 */
export function overdue(
  tree: Tree,
  liveness: SessionLiveness,
  {
    nowMs,
    timeMs,
    term,
  }: { readonly nowMs: number; readonly timeMs: number; readonly term: number },
): readonly Operation[] {
  const sessions = liveness.overdue(tree.sessions(), nowMs);
  const paths = tree.dueReaps(timeMs, reapsMax);
  return [
    ...(sessions.length > 0 ? [{ kind: "expire-sessions", sessions, term } as const] : []),
    ...(paths.length > 0 || tree.isBehind ? [{ kind: "reap", paths } as const] : []),
  ];
}
