import { parseQuotas, quotasPath } from "./quota-table.ts";
import type { State } from "./state.ts";
import { utf8Text } from "./utf8.ts";
import { nothing } from "./znode.ts";

/** Nodes counted by one command: some milliseconds. */
const countedMax = 10_000;

/**
 * The table of quotas was written: it rules from here on. Every cluster does this by itself when it
 * comes to know the table; edges take no writes and count nothing.
 */
export function switchQuotas(state: State): void {
  if (state.founding === undefined) return;
  const quotas = parseQuotas(utf8Text(state.nodes.get(quotasPath)?.data ?? nothing));
  // What this version cannot read was written by a newer one: it is as good as no quota.
  state.nodes.quotas.replace(typeof quotas === "string" ? [] : quotas);
  countOn(state);
}

/** Counts a portion of the nodes that were there before their quota. */
export function countOn(state: State): void {
  const { nodes } = state;
  nodes.quotas.count(nodes, countedMax);
}
