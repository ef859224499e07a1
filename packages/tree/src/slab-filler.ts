import type { Slab } from "./data-slabs.ts";
import type { PlainNode } from "./plain-node.ts";
import type { Znode } from "./znode.ts";

const slabBytes = 32 * 1024;
/** Larger data gets a buffer of its own. */
const sharedBytesMax = 4 * 1024;
/** As in `DataSlabs`. */
const nodesPerSlabMax = 4_096;
/** Up to here moving words takes less time than making a view of what is to be copied. */
const movedBytesMax = 256;

/** Puts the data of nodes that come out of a snapshot, one after the other, into slabs. */
export class SlabFiller {
  #slab: Slab = newSlab();
  #view: DataView = new DataView(this.#slab.bytes.buffer);

  /** Copies the data of a node, which has none yet, to where it stays. */
  put(node: Znode, { bytes, view, dataAt, dataLength }: PlainNode): void {
    if (dataLength === 0) return;
    if (dataLength > sharedBytesMax) {
      // What `slice` gives is a copy of some arrays of bytes, and a view of others.
      node.data = new Uint8Array(bytes.subarray(dataAt, dataAt + dataLength));
      return;
    }
    const slab = this.#slabFor(dataLength);
    const at = slab.usedBytes;
    if (dataLength > movedBytesMax) slab.bytes.set(bytes.subarray(dataAt, dataAt + dataLength), at);
    else move(view, dataAt, this.#view, at, dataLength);
    slab.usedBytes += dataLength;
    slab.liveBytes += dataLength;
    slab.nodes.push(node);
    node.lie(slab, at, dataLength);
  }

  #slabFor(length: number): Slab {
    const { usedBytes, nodes } = this.#slab;
    if (usedBytes + length > slabBytes || nodes.length >= nodesPerSlabMax) {
      this.#slab = newSlab();
      this.#view = new DataView(this.#slab.bytes.buffer);
    }
    return this.#slab;
  }
}

function newSlab(): Slab {
  return { bytes: new Uint8Array(slabBytes), nodes: [], usedBytes: 0, liveBytes: 0 };
}

function move(from: DataView, fromAt: number, to: DataView, toAt: number, length: number): void {
  let at = 0;
  for (; at + 4 <= length; at += 4) to.setInt32(toAt + at, from.getInt32(fromAt + at, true), true);
  for (; at < length; at += 1) to.setUint8(toAt + at, from.getUint8(fromAt + at));
}
