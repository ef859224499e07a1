import type { Change } from "./change.ts";
import type { NodeStore } from "./node-store.ts";
import { quotasPath } from "./quota-table.ts";
import { Znode } from "./znode.ts";
import { zonesPath } from "./zone-table.ts";

/**
 * The changes of one command while it is being applied: done to the nodes at once, with a way back,
 * so that a multi whose later part fails leaves nothing behind.
 */
export class Draft {
  readonly index: number;
  readonly timeMs: number;
  readonly #nodes: NodeStore;
  readonly #undo: (() => void)[] | undefined;
  #changes: Change[] = noChanges;
  #zonesChanged = false;
  #quotasChanged = false;

  /**
   * `undoable` only where something may fail after something else was done: keeping the way back
   * has its price.
   */
  constructor(nodes: NodeStore, index: number, timeMs: number, undoable: boolean) {
    this.#nodes = nodes;
    this.index = index;
    this.timeMs = timeMs;
    this.#undo = undoable ? [] : undefined;
  }

  /** What was done, in order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** The zone table was written. */
  get zonesChanged(): boolean {
    return this.#zonesChanged;
  }

  /** The table of quotas was written. */
  get quotasChanged(): boolean {
    return this.#quotasChanged;
  }

  /** Adds a node and does what ZooKeeper does to the parent; blank nodes are not counted there. */
  create(node: Znode): void {
    const parent = node.path === "/" ? undefined : this.#nodes.parentOf(node.path);
    if (parent !== undefined && node.czxid !== 0) {
      this.#touch(parent);
      parent.countChild(node.czxid);
      parent.nextSequence += 1;
    }
    this.#add(node);
  }

  /** Adds a node whose parent knows of it already, because its Stat came from where that was. */
  place(node: Znode): void {
    this.#add(node);
    this.#nodes.settleData(node);
  }

  /** Changes a node's data, and its numbers by `edit`. */
  change(node: Znode, data: Uint8Array, edit: (node: Znode) => void): void {
    this.#touch(node);
    this.#nodes.setData(node, data);
    edit(node);
    this.#record(node.change("changed"));
  }

  /** Makes a node exactly what a change says. */
  take(node: Znode, change: Change): void {
    this.#touch(node);
    this.#nodes.take(node, change);
    this.#record(node.change("changed"));
  }

  /** Lets a node stay for good that would have gone by itself. */
  keep(node: Znode): void {
    this.#touch(node);
    this.#nodes.setOwner(node, undefined);
    node.mode = "persistent";
    node.ttlMs = 0;
    this.#record(node.change("changed"));
  }

  /** Takes a node without children out and does what ZooKeeper does to the parent. */
  delete(node: Znode, deletion: Change = node.deletion(this.index)): void {
    const { parent } = node;
    const { mzxid } = deletion.stat;
    if (parent !== undefined && mzxid !== 0) {
      this.#touch(parent);
      parent.countChild(mzxid);
    }
    this.takeOut(node, deletion);
  }

  /** Takes a node without children out whose parent knows already, or need not know. */
  takeOut(node: Znode, deletion: Change): void {
    this.#nodes.remove(node);
    this.#undo?.push(() => {
      this.#nodes.insert(node);
      this.#nodes.settleData(node);
    });
    this.#record(deletion);
  }

  /**
   * Does what deleting a node and making it blank again does, whatever is below it: its owner
   * deleted it before it knew of the table that needs it.
   */
  renew(node: Znode, deletion: Change): void {
    const { parent } = node;
    if (parent !== undefined) {
      this.#touch(parent);
      parent.countChild(deletion.stat.mzxid);
      this.tell(parent);
    }
    this.take(node, Znode.blank(node.path).change("changed"));
  }

  /** Tells followers once more what a node is like that they would otherwise count wrong. */
  tell(node: Znode): void {
    this.#record(node.change("changed"));
  }

  /** Tells followers of a deletion of what is not here: it came before what it deletes. */
  tellDeletion(deletion: Change): void {
    this.#record(deletion);
  }

  /** Keeps a way back for a change outside of the nodes. */
  undo(step: () => void): void {
    this.#undo?.push(step);
  }

  /** Takes everything back, newest first. */
  rollBack(): void {
    for (const step of (this.#undo ?? []).toReversed()) step();
    this.#changes = noChanges;
  }

  #add(node: Znode): void {
    this.#nodes.insert(node);
    this.#undo?.push(() => this.#nodes.remove(node));
    this.#record(node.change("created"));
  }

  #record(change: Change): void {
    // Mostly there is one, and it is kept for long: a list that is pushed to takes room for many.
    if (this.#changes.length === 0) this.#changes = [change];
    else this.#changes.push(change);
    if (change.path === zonesPath) this.#zonesChanged = true;
    else if (change.path === quotasPath) this.#quotasChanged = true;
  }

  #touch(node: Znode): void {
    if (this.#undo !== undefined) this.#undo.push(this.#wayBack(node));
    this.#nodes.touch(node);
  }

  /** Puts back whatever a client's write can change of a node that is there. */
  #wayBack(node: Znode): () => void {
    const { data, pzxid, mzxid, mtimeMs, version, cversion, nextSequence, stamp, vector } = node;
    return () => {
      this.#nodes.touch(node);
      if (node.data !== data) {
        this.#nodes.setData(node, data);
        this.#nodes.settleData(node);
      }
      node.pzxid = pzxid;
      node.mzxid = mzxid;
      node.mtimeMs = mtimeMs;
      node.version = version;
      node.cversion = cversion;
      node.nextSequence = nextSequence;
      node.stamp = stamp;
      node.vector = vector;
    };
  }
}

/** Never pushed to. */
const noChanges: Change[] = [];
