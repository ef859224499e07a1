import type { Change } from "./change.ts";
import type { NodeStore } from "./node-store.ts";
import { parentOf } from "./path.ts";
import type { SessionTable } from "./session-table.ts";
import { Znode } from "./znode.ts";

/**
 * The changes of one command while it is being applied: to the nodes at once, with a way back, so that a multi whose
 * later part fails leaves nothing behind.
 */
export class Draft {
  readonly changes: Change[] = [];
  readonly index: number;
  readonly timeMs: number;
  readonly #nodes: NodeStore;
  readonly #sessions: SessionTable;
  readonly #undo: (() => void)[] | undefined;

  /** `undoable` only where something may fail after something else was done: keeping the way back has its price. */
  constructor(
    nodes: NodeStore,
    sessions: SessionTable,
    index: number,
    timeMs: number,
    undoable: boolean,
  ) {
    this.#nodes = nodes;
    this.#sessions = sessions;
    this.index = index;
    this.timeMs = timeMs;
    this.#undo = undoable ? [] : undefined;
  }

  /** Adds a node and does what ZooKeeper does to the parent. */
  create(node: Znode, zxid: number = this.index): void {
    const parent = this.#nodes.get(parentOf(node.path));
    if (parent !== undefined) {
      this.#touch(parent);
      parent.cversion += 1;
      parent.pzxid = zxid;
      parent.nextSequence += 1;
    }
    node.touchedIndex = this.index;
    this.#nodes.insert(node);
    if (node.ephemeralOwner !== 0) this.#sessions.addEphemeral(node.ephemeralOwner, node.path);
    this.#undo?.push(() => {
      this.#nodes.remove(node);
      this.#sessions.removeEphemeral(node.ephemeralOwner, node.path);
    });
    this.changes.push(node.change("created"));
  }

  /** Changes a node's fields by `edit`; the data through this draft, so that it is counted. */
  change(node: Znode, data: Uint8Array, edit: () => void): void {
    this.#touch(node);
    this.#nodes.setData(node, data);
    edit();
    this.changes.push(node.change("changed"));
  }

  /** Changes a node without an event: only its share in the state. */
  adjust(node: Znode, edit: () => void): void {
    this.#touch(node);
    edit();
  }

  /** Takes a node without children out and does what ZooKeeper does to the parent. */
  delete(node: Znode, zxid: number = this.index, last?: Change): void {
    const change = last ?? { ...node.change("deleted"), stat: { ...node.stat(), mzxid: zxid } };
    this.#nodes.remove(node);
    this.#sessions.removeEphemeral(node.ephemeralOwner, node.path);
    const parent = this.#nodes.get(parentOf(node.path));
    this.#undo?.push(() => {
      this.#nodes.insert(node);
      if (node.ephemeralOwner !== 0) this.#sessions.addEphemeral(node.ephemeralOwner, node.path);
    });
    if (parent !== undefined) {
      this.#touch(parent);
      parent.cversion += 1;
      parent.pzxid = zxid;
    }
    this.changes.push(change);
  }

  /** Takes everything back, newest first. */
  rollBack(): void {
    for (const step of (this.#undo ?? []).toReversed()) step();
    this.changes.length = 0;
  }

  #touch(node: Znode): void {
    if (this.#undo !== undefined) this.#undo.push(this.#restorer(node));
    this.#nodes.touch(node, this.index);
  }

  #restorer(node: Znode): () => void {
    const { data, pzxid, mzxid, mtimeMs, version, cversion, nextSequence, stamp, vector } = node;
    const { touchedIndex } = node;
    return () => {
      this.#nodes.touch(node, touchedIndex);
      this.#nodes.setData(node, data);
      Object.assign(node, {
        pzxid,
        mzxid,
        mtimeMs,
        version,
        cversion,
        nextSequence,
        stamp,
        vector,
      });
    };
  }
}
