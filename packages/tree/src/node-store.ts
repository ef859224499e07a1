import type { Change } from "./change.ts";
import { DataSlabs } from "./data-slabs.ts";
import type { Hash } from "./hash.ts";
import { invariant } from "./invariant.ts";
import { NodeDigest } from "./node-digest.ts";
import { NodeMap } from "./node-map.ts";
import { NodeView } from "./node-view.ts";
import type { PlainNode } from "./plain-node.ts";
import { QuotaMeter } from "./quota-meter.ts";
import { Siblings } from "./siblings.ts";
import { SlabFiller } from "./slab-filler.ts";
import { ViewTable } from "./view-table.ts";
import { nothing, type Znode } from "./znode.ts";

/** Old nodes that readers may make the store hold, beyond as many as there are: some 200 MB. */
const viewKeptMax = 500_000;

const slashCode = 0x2f;

const noNodes: Siblings = new Siblings();

/** The nodes by path, with what is derived from all of them: order, digest, owners, views. */
export class NodeStore {
  /** What is used of the quotas. */
  readonly quotas: QuotaMeter = new QuotaMeter();
  readonly #nodes = new NodeMap();
  readonly #digest = new NodeDigest();
  readonly #slabs = new DataSlabs();
  /** While a tree is restored. */
  #filler: SlabFiller | undefined;
  /** Ephemeral nodes by session, of whatever cluster: who owns a path may change. */
  readonly #owned = new Map<number, Siblings>();
  readonly #views: ViewTable;
  /** Number of views begun so far: a node touched before a view began is as the view shows it. */
  #moment = 0;
  #dataBytes = 0;
  /** Parent of what was looked for last. */
  #lastParent: Znode | undefined;
  /** What was added last, as long as it is there. */
  #latest: Znode | undefined;

  constructor(keptMax: number = viewKeptMax) {
    this.#views = new ViewTable(keptMax);
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Bytes of data in all nodes. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  get(path: string): Znode | undefined {
    return this.#nodes.get(path);
  }

  /** Makes some of the nodes of a snapshot known by their paths; true while more are left. */
  index(nodesMax: number): boolean {
    return this.#nodes.index(nodesMax);
  }

  /** All nodes, in no order that means anything. */
  values(): Generator<Znode, undefined> {
    return this.#nodes.values();
  }

  /** The node above a path, which is not "/"; undefined when there is none. */
  parentOf(path: string): Znode | undefined {
    const last = this.#lastParent;
    // Neighbours come one after the other: in snapshots, and from whoever fills a directory.
    if (last !== undefined && isDirectlyBelow(path, last.path)) return last;
    const length = path.lastIndexOf("/");
    const near = this.#nodes.isBehind ? this.#parentNear(path) : undefined;
    const parent = near ?? this.#nodes.get(length <= 0 ? "/" : path.slice(0, length));
    this.#lastParent = parent;
    return parent;
  }

  /** Adds a node below its parent, which must be there already (but for "/"). */
  insert(node: Znode): void {
    // Even an empty piece of a buffer takes a hundred bytes, and keeps the buffer alive.
    if (node.dataLength === 0) node.data = nothing;
    this.#join(node);
    this.#nodes.add(node);
    this.#digest.change(node);
    if (node.owner !== undefined) this.#own(node, node.owner);
  }

  /**
   * Adds a node of a snapshot, likewise, whose data is still where it was read. It is not known by
   * its path before `index` came to it.
   */
  insertPlain(node: Znode, plain: PlainNode): void {
    this.#filler ??= new SlabFiller();
    this.#filler.put(node, plain);
    this.#join(node);
    if (node.parent === undefined) this.#nodes.add(node);
    else this.#nodes.defer(node);
    this.#digest.addPlain(node, plain);
  }

  /** Takes a node without children out. */
  remove(node: Znode): void {
    const { parent, owner } = node;
    invariant(node.numChildren === 0, "a node that is removed has no children");
    this.touch(node);
    if (!this.quotas.isEmpty) this.quotas.note(node, -1);
    this.#digest.remove(node);
    this.#nodes.delete(node);
    if (node === this.#lastParent) this.#lastParent = undefined;
    if (node === this.#latest) this.#latest = undefined;
    this.#dataBytes -= node.dataLength;
    this.#slabs.leave(node);
    if (owner !== undefined) this.#disown(node, owner);
    if (parent === undefined) return;
    node.parent = undefined;
    parent.children?.remove(node);
    if (parent.numChildren === 0) parent.children = undefined;
  }

  /** Must be called before any field of a node changes. */
  touch(node: Znode): void {
    if (node.touched < this.#moment) this.#views.keep(node, this.#nodes.size);
    node.touched = this.#moment;
    this.#digest.change(node);
  }

  /** Replaces a node's data, which has been touched. */
  setData(node: Znode, data: Uint8Array): void {
    const growth = data.byteLength - node.dataLength;
    this.#dataBytes += growth;
    if (!this.quotas.isEmpty) this.quotas.noteGrowth(node, growth);
    this.#slabs.leave(node);
    node.data = data.byteLength === 0 ? nothing : data;
  }

  /** Data of a node will stay: it gets a place where it keeps nothing else alive. */
  settleData(node: Znode): void {
    this.#slabs.settle(node);
  }

  /**
   * A change is no longer remembered: if its data still is the node's, it stays. Data that is
   * overwritten before that is never copied.
   */
  forget({ path, data }: Change): void {
    if (data.byteLength === 0) return;
    const node = this.#nodes.get(path);
    if (node?.holds(data) === true) this.#slabs.settle(node);
  }

  /** Replaces a node's owner, which has been touched. */
  setOwner(node: Znode, owner: number | undefined): void {
    if (node.owner === owner) return;
    if (node.owner !== undefined) this.#disown(node, node.owner);
    node.owner = owner;
    if (owner !== undefined) this.#own(node, owner);
  }

  /** Makes a node, which has been touched, what a change says. */
  take(node: Znode, change: Change): void {
    const { ephemeralOwner } = change.stat;
    this.setData(node, change.data);
    this.setOwner(node, ephemeralOwner === 0 ? undefined : ephemeralOwner);
    node.take(change);
  }

  /**
   * Ephemeral nodes of a session in the order of their paths, which does not depend on when a
   * replica came to know of them; here and in mirrors of others where its number means another.
   */
  ownedBy(owner: number): Pick<Siblings, "size" | "visit"> {
    return this.#owned.get(owner) ?? noNodes;
  }

  /** All ephemeral nodes, in no order that means anything. */
  ephemerals(): Znode[] {
    const found: Znode[] = [];
    for (const nodes of this.#owned.values())
      nodes.visit(undefined, (node) => found.push(node) > 0);
    return found;
  }

  /**
   * Visits the nodes after a path (all when undefined) in tree order, each before its subtree,
   * until told to stop by `false`. False when it was stopped. The tree must not change meanwhile.
   */
  walk(after: string | undefined, visit: (node: Znode) => boolean): boolean {
    const root = this.#nodes.get("/");
    if (root === undefined) return true;
    if (after === undefined) return visit(root) && visitAll(root, visit);
    return visitAfter(root, after, 1, visit);
  }

  /** All nodes as they are now, to be read in slices while the tree goes on. */
  view(): NodeView {
    this.#moment += 1;
    const view = new NodeView(this, this.#moment, (read) => this.#views.noteRead(read));
    this.#views.noteRead(view);
    return view;
  }

  /** Catches up with work that was put off. Between commands. */
  settle(): void {
    this.#digest.settle();
  }

  /** Sum of the hashes of all nodes. Between commands. */
  hash(): Hash {
    return this.#digest.sum();
  }

  #join(node: Znode): void {
    const { path } = node;
    if (path !== "/") {
      const parent = this.parentOf(path);
      invariant(parent !== undefined, "a node that is inserted has a parent");
      node.parent = parent;
      parent.children ??= new Siblings();
      parent.children.add(node);
    }
    this.#latest = node;
    this.#dataBytes += node.dataLength;
    node.touched = this.#moment;
    if (!this.quotas.isEmpty) this.quotas.note(node, 1);
  }

  /** In a snapshot a node follows its parent, or others below it. */
  #parentNear(path: string): Znode | undefined {
    for (let at = this.#latest; at !== undefined; at = at.parent) {
      if (isDirectlyBelow(path, at.path)) return at;
    }
    return undefined;
  }

  #own(node: Znode, owner: number): void {
    const nodes = this.#owned.get(owner) ?? new Siblings();
    nodes.add(node);
    this.#owned.set(owner, nodes);
  }

  #disown(node: Znode, owner: number): void {
    const nodes = this.#owned.get(owner);
    nodes?.remove(node);
    if (nodes?.size === 0) this.#owned.delete(owner);
  }
}

/** True when there is one name between the two, and nothing else. */
function isDirectlyBelow(path: string, parent: string): boolean {
  const slash = parent === "/" ? 0 : parent.length;
  if (path.charCodeAt(slash) !== slashCode || path.length === slash + 1) return false;
  return path.startsWith(parent) && !path.includes("/", slash + 1);
}

function visitAll(node: Znode, visit: (node: Znode) => boolean): boolean {
  return node.children?.visit(undefined, (child) => visit(child) && visitAll(child, visit)) ?? true;
}

/** Nodes below a node that come after a path; `from` is where the path's next component begins. */
function visitAfter(
  node: Znode,
  after: string,
  from: number,
  visit: (node: Znode) => boolean,
): boolean {
  if (node.children === undefined) return true;
  const slash = after.indexOf("/", from);
  const towards = slash === -1 ? after : after.slice(0, slash);
  return node.children.visit(towards, (child) => {
    if (child.path !== towards) return visit(child) && visitAll(child, visit);
    return slash === -1 ? visitAll(child, visit) : visitAfter(child, after, slash + 1, visit);
  });
}
