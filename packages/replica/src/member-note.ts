import { type Configuration, membersOf, type NodeId } from "@meridian/consensus";
import type { TopologyNode } from "./topology.ts";

/**
 * What the members know of one that was added while the cluster ran. It travels in the notes of the
 * configuration, so that members whose own settings do not name it can reach it, also after a
 * restart or out of a snapshot.
 */
export type MemberNote = Pick<
  TopologyNode,
  "region" | "role" | "group" | "address" | "addressFrom"
>;

/** In place of a note: the name was in use and must not be used again. */
interface Removal {
  /** Counts removals, so that the oldest is known. */
  readonly removed: number;
}

/**
 * Names that are remembered as used. A name older than that is still refused to a member without
 * data by those who met the one before.
 */
export const removedNamesMax = 500;

/** What is noted of a member; undefined when its cluster began with it, or it is not known. */
export function noteOf({ notes }: Configuration, node: NodeId): MemberNote | undefined {
  const note = contentOf(notes, node);
  return isMemberNote(note) ? note : undefined;
}

/** Whether a member keeps the log alone, now or once it has its vote. */
export function isWitness(configuration: Configuration, node: NodeId): boolean {
  if (configuration.witnesses.includes(node)) return true;
  return noteOf(configuration, node)?.role === "witness";
}

/** Whether a member of this name was removed: it must not come back under that name. */
export function wasRemoved({ notes }: Configuration, node: NodeId): boolean {
  return isRemoval(contentOf(notes, node));
}

/** Whether a node was a member, and is none any more, not even of a joint configuration. */
export function hasLeft(configuration: Configuration, node: NodeId): boolean {
  return wasRemoved(configuration, node) && !membersOf(configuration).includes(node);
}

/** The configuration with a note of a new member. */
export function withNote(
  configuration: Configuration,
  node: NodeId,
  { region, role, group, address, addressFrom }: MemberNote,
): Configuration {
  const text = JSON.stringify({ region, role, group, address, addressFrom });
  return { ...configuration, notes: { ...configuration.notes, [node]: text } };
}

/** The configuration with names that are used up; beyond the limit the oldest are forgotten. */
export function withRemovals(
  configuration: Configuration,
  nodes: readonly NodeId[],
): Configuration {
  const removals = new Map<NodeId, number>();
  const others: [NodeId, string][] = [];
  for (const [node, text] of Object.entries(configuration.notes ?? {})) {
    const content = parsed(text);
    if (isRemoval(content)) removals.set(node, content.removed);
    else if (!nodes.includes(node)) others.push([node, text]);
  }
  let newest = Math.max(0, ...removals.values());
  for (const node of nodes) removals.set(node, ++newest);
  const kept = [...removals].sort(([, a], [, b]) => b - a).slice(0, removedNamesMax);
  const notes = [
    ...others,
    ...kept.map(([node, removed]): [NodeId, string] => [node, JSON.stringify({ removed })]),
  ];
  return { ...configuration, notes: Object.fromEntries(notes) };
}

function contentOf(notes: Configuration["notes"], node: NodeId): unknown {
  return notes !== undefined && Object.hasOwn(notes, node) ? parsed(notes[node] ?? "") : undefined;
}

/** A note that cannot be read is of a newer version: as good as none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRemoval(content: unknown): content is Removal {
  return typeof (content as Partial<Removal> | undefined)?.removed === "number";
}

function isMemberNote(content: unknown): content is MemberNote {
  const { region, role, group, address, addressFrom } = (content ?? {}) as Partial<MemberNote>;
  return (
    [region, role, group, address].every((text) => typeof text === "string") &&
    typeof addressFrom === "object"
  );
}
