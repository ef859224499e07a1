import type { Change, Transaction } from "./change.ts";
import type { Operation } from "./command.ts";
import type { Draft } from "./draft.ts";
import { comparePaths, parentOf } from "./path.ts";
import type { State } from "./state.ts";
import { globalCluster } from "./zone-table.ts";
import { Znode } from "./znode.ts";

/**
 * Takes over the changes of one transaction of another cluster: mirrored zones as they are,
 * eventual zones merged. What is not the origin's to tell is passed over.
 */
export function takeTransaction(state: State, draft: Draft, transaction: Transaction): void {
  for (const change of transaction.changes) {
    const rule = ruleFor(state, transaction.origin, change);
    if (rule === "merge") state.eventual.merge(change, draft);
    else if (rule === "mirror") mirrorChange(state, draft, change);
  }
}

/** Takes over a range of a snapshot: nodes of the origin in it that the snapshot lacks go. */
export function takeSeed(
  state: State,
  draft: Draft,
  seed: Extract<Operation, { kind: "seed-remote" }>,
): void {
  // Parents in a snapshot have counted their children already. Followers of this tree, who are
  // told of changes only, would count them again: they are told of the parents at the end.
  const parents = new Set<Znode>();
  for (const node of missingFrom(state, seed)) {
    // No origin should tell of a child without its parent; if one does, this must not end here.
    if (node.numChildren > 0) continue;
    if (node.parent !== undefined) parents.add(node.parent);
    draft.takeOut(node, node.deletion(seed.index));
  }
  for (const change of seed.nodes) {
    const rule = ruleFor(state, seed.origin, change);
    if (rule === "merge") state.eventual.merge(change, draft);
    if (rule !== "mirror" || change.kind === "deleted") continue;
    const parent = placeChange(state, draft, change);
    if (parent !== undefined) parents.add(parent);
  }
  for (const parent of parents) {
    if (state.nodes.get(parent.path) === parent) draft.tell(parent);
  }
}

/** Does to a mirror what a change did to its original. */
export function mirrorChange(state: State, draft: Draft, change: Change): void {
  const node = state.nodes.get(change.path);
  if (change.kind === "deleted") {
    if (node === undefined) {
      if (change.stamp !== undefined) draft.tellDeletion(change);
      return;
    }
    if (state.fixed.has(node.path)) draft.renew(node, change);
    else if (node.numChildren === 0) draft.delete(node, change);
    return;
  }
  if (node !== undefined) {
    // A root that the origin came to need says nothing of one that has been of use here already.
    const isBlank = change.kind === "created" && change.stat.czxid === 0;
    if (!isBlank) draft.take(node, lasting(state, change));
    return;
  }
  implyParents(state, draft, change.path);
  draft.create(nodeOf(change));
}

/**
 * Makes a node what a change of a snapshot says, without counting it at its parent, which the
 * snapshot tells of too. Gives the parent of a node that is new.
 */
export function placeChange(state: State, draft: Draft, change: Change): Znode | undefined {
  const node = state.nodes.get(change.path);
  if (node !== undefined) {
    const wanted = lasting(state, change);
    if (!isAlready(node, wanted)) draft.take(node, wanted);
    return undefined;
  }
  implyParents(state, draft, change.path);
  const made = nodeOf(change);
  draft.place(made);
  return made.parent;
}

/** What to do with a change that an origin tells. */
function ruleFor(state: State, origin: string, change: Change): "mirror" | "merge" | undefined {
  const { path, stamp } = change;
  const { zone, cluster } = state.zones.ownership(path);
  if (cluster === undefined) return "merge";
  if (zone.prefix !== "/" || origin === globalCluster) {
    return cluster === origin ? "mirror" : undefined;
  }
  // No zone covers the path yet: the origin knows of a newer table. Nobody else can write there,
  // and passing the change over would lose it for good.
  if (state.fixed.has(path)) return undefined;
  return stamp === undefined ? "mirror" : "merge";
}

/** Nodes of the origin that a seed lacks in its range, each after what is below it. */
function missingFrom(
  state: State,
  { origin, afterPath, toPath, nodes }: Extract<Operation, { kind: "seed-remote" }>,
): readonly Znode[] {
  const present = new Set(nodes.map(({ path }) => path));
  const missing: Znode[] = [];
  state.nodes.walk(afterPath === "" ? undefined : afterPath, (node) => {
    const { path } = node;
    if (toPath !== "" && comparePaths(path, toPath) > 0) return false;
    if (present.has(path) || state.fixed.has(path)) return true;
    const { zone, cluster } = state.zones.ownership(path);
    if (cluster === origin && zone.prefix !== "/") missing.push(node);
    return true;
  });
  // In tree order children come after their parents: the other way round each is free in time.
  return missing.reverse();
}

/** A node that the table needs does not go with its session or time, whatever its owner knows. */
function lasting(state: State, change: Change): Change {
  if (change.mode === "persistent" || !state.fixed.has(change.path)) return change;
  return { ...change, mode: "persistent", ttlMs: 0, stat: { ...change.stat, ephemeralOwner: 0 } };
}

function nodeOf(change: Change): Znode {
  const { path, data, stat } = change;
  const node = new Znode(path, stat.czxid, stat.ctimeMs);
  node.data = data;
  if (stat.ephemeralOwner !== 0) node.owner = stat.ephemeralOwner;
  node.take(change);
  return node;
}

/** Ancestors that the owner of the path has, and this cluster does not know of. */
function implyParents(state: State, draft: Draft, path: string): void {
  const above = parentOf(path);
  if (state.nodes.get(above) !== undefined) return;
  implyParents(state, draft, above);
  draft.create(Znode.blank(above));
}

/** True when a change tells nothing new of a node. */
function isAlready(node: Znode, { data, stat, mode, ttlMs }: Change): boolean {
  const { traits } = node;
  return (
    node.mzxid === stat.mzxid &&
    node.czxid === stat.czxid &&
    node.pzxid === stat.pzxid &&
    node.version === stat.version &&
    node.cversion === stat.cversion &&
    traits.aversion === stat.aversion &&
    node.ctimeMs === stat.ctimeMs &&
    node.mtimeMs === stat.mtimeMs &&
    (traits.owner ?? 0) === stat.ephemeralOwner &&
    traits.mode === mode &&
    traits.ttlMs === ttlMs &&
    traits.stamp === undefined &&
    node.dataLength === data.byteLength &&
    node.data.every((byte, place) => byte === data[place])
  );
}
