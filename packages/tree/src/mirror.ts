import type { Change, Transaction } from "./change.ts";
import type { Operation } from "./command.ts";
import type { Draft } from "./draft.ts";
import type { EventualZones } from "./eventual-zones.ts";
import type { NodeStore } from "./node-store.ts";
import { comparePaths, parentOf } from "./path.ts";
import type { ZoneTable } from "./zone-table.ts";
import { nothing, Znode } from "./znode.ts";

/** What taking over other clusters' changes needs to know of the tree. */
export interface MirrorContext {
  readonly nodes: NodeStore;
  readonly zones: ZoneTable;
  readonly eventual: EventualZones;
  readonly fixed: ReadonlySet<string>;
}

/** Takes over the changes of one transaction of another cluster: mirrored zones as they are, eventual zones merged. */
export function takeTransaction(
  context: MirrorContext,
  draft: Draft,
  transaction: Transaction,
): void {
  for (const change of transaction.changes) {
    const { cluster } = context.zones.ownership(change.path);
    if (cluster === undefined) context.eventual.merge(change, draft, transaction.index);
    else if (cluster === transaction.origin) overwrite(context, draft, change, transaction.index);
    // Anything else is not the origin's to tell.
  }
}

/** Takes over a range of a snapshot: nodes of the origin in it that the snapshot does not have go. */
export function takeSeed(
  context: MirrorContext,
  draft: Draft,
  seed: Extract<Operation, { kind: "seed-remote" }>,
): void {
  const present = new Set(seed.nodes.map(({ path }) => path));
  const gone: Znode[] = [];
  for (const node of context.nodes.walk(seed.afterPath === "" ? undefined : seed.afterPath)) {
    if (seed.toPath !== "" && comparePaths(node.path, seed.toPath) > 0) break;
    if (present.has(node.path) || context.fixed.has(node.path)) continue;
    if (context.zones.ownership(node.path).cluster === seed.origin) gone.push(node);
  }
  // Children come after their parents in tree order, so the other way round each is childless in time.
  for (const node of gone.toReversed()) {
    if (node.numChildren === 0) draft.delete(node, seed.index);
  }
  for (const change of seed.nodes) {
    const { cluster } = context.zones.ownership(change.path);
    if (cluster === undefined) context.eventual.merge(change, draft, seed.index);
    else if (cluster === seed.origin) overwriteIfOther(context, draft, change);
  }
}

/** Makes a node what a change says it is, exactly, whatever it was. */
export function overwrite(
  context: Pick<MirrorContext, "nodes">,
  draft: Draft,
  change: Change,
  zxid: number,
): void {
  const node = context.nodes.get(change.path);
  if (change.kind === "deleted") {
    if (node !== undefined && node.numChildren === 0) draft.delete(node, zxid, change);
    return;
  }
  if (node !== undefined) {
    draft.change(node, change.data, () => node.take(change));
    return;
  }
  implyParents(context.nodes, draft, parentOf(change.path), zxid);
  const made = new Znode(change.path, nothing, change.mode, change.stat.czxid, 0);
  made.take(change);
  draft.create(made, zxid);
}

/** A seed repeats what is known: only differences are changes. */
function overwriteIfOther(context: MirrorContext, draft: Draft, change: Change): void {
  const node = context.nodes.get(change.path);
  const same =
    node !== undefined &&
    node.mzxid === change.stat.mzxid &&
    node.czxid === change.stat.czxid &&
    node.data.byteLength === change.data.byteLength;
  if (!same) return overwrite(context, draft, change, change.stat.mzxid);
  draft.adjust(node, () => node.take(change));
}

function implyParents(nodes: NodeStore, draft: Draft, path: string, zxid: number): void {
  if (nodes.get(path) !== undefined) return;
  implyParents(nodes, draft, parentOf(path), zxid);
  draft.create(new Znode(path, nothing, "persistent", zxid, 0), zxid);
}
