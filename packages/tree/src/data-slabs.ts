import type { Znode } from "./znode.ts";

const slabBytes = 32 * 1024;
/** Larger data gets a buffer of its own. */
const sharedBytesMax = 4 * 1024;
/** So that emptying a slab stays short: some tens of microseconds. */
const nodesPerSlabMax = 4_096;

/** Data of many nodes in one buffer, filled from its beginning. Never written to twice. */
export interface Slab {
  readonly bytes: Uint8Array;
  /** In the order of their data; some may have left. */
  readonly nodes: Znode[];
  usedBytes: number;
  /** Of nodes that have not left. */
  liveBytes: number;
}

/**
 * Places for data that stays. A small array with a buffer of its own costs several hundred bytes
 * besides what it holds, and a part of a frame of commands keeps all of the frame. Slabs of which
 * less than half is still of use are emptied, so that they hold at most twice what they should.
 */
export class DataSlabs {
  #open: Slab = newSlab();

  /** Moves a node's data to a place that it shares only with data that stays too. */
  settle(node: Znode): void {
    const { data } = node;
    const { byteLength } = data;
    this.leave(node);
    if (byteLength > sharedBytesMax) {
      if (data.buffer.byteLength > byteLength) node.data = new Uint8Array(data);
    } else if (byteLength > 0) {
      this.#share(node, data);
    }
  }

  /** A node's data is about to be replaced, or the node to go. */
  leave(node: Znode): void {
    const { slab } = node;
    if (slab === undefined) return;
    slab.liveBytes -= node.dataLength;
    node.stand();
    if (slab !== this.#open && slab.liveBytes * 2 < slab.usedBytes) this.#empty(slab);
  }

  #share(node: Znode, data: Uint8Array): void {
    const { usedBytes, nodes } = this.#open;
    const end = usedBytes + data.byteLength;
    if (end > slabBytes || nodes.length >= nodesPerSlabMax) {
      this.#open = newSlab();
      return this.#share(node, data);
    }
    const slab = this.#open;
    slab.bytes.set(data, usedBytes);
    slab.usedBytes = end;
    slab.liveBytes += data.byteLength;
    slab.nodes.push(node);
    node.lie(slab, usedBytes, data.byteLength);
  }

  /** Moves what is still of use; who reads the old place meanwhile may go on. */
  #empty(slab: Slab): void {
    slab.liveBytes = Infinity;
    for (const node of slab.nodes) if (node.slab === slab) this.#share(node, node.data);
    slab.nodes.length = 0;
  }
}

function newSlab(): Slab {
  return { bytes: new Uint8Array(slabBytes), nodes: [], usedBytes: 0, liveBytes: 0 };
}
