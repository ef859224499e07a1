import type { Entry } from "@meridian/consensus";
import type { TransportClock } from "./clock.ts";
import { Packer } from "./packing.ts";

/** More than an entry needs beside its data. */
const entryOverheadBytes = 8;

/**
 * Packs the entries of appends to other regions: once for all of these, since followers that are
 * equally far are sent the same array.
 */
export class EntryPacker {
  readonly #packer: Packer;
  readonly #encode: (entries: readonly Entry[]) => Buffer;
  /** undefined as a value: not worth it. */
  readonly #packed = new WeakMap<readonly Entry[], { readonly bytes: Buffer | undefined }>();

  constructor(clock: TransportClock, encode: (entries: readonly Entry[]) => Buffer) {
    this.#packer = new Packer(clock);
    this.#encode = encode;
  }

  /** The entries packed; undefined when they are better sent as they are. */
  pack(entries: readonly Entry[]): Buffer | undefined {
    let known = this.#packed.get(entries);
    if (known === undefined) {
      known = { bytes: this.#pack(entries) };
      this.#packed.set(entries, known);
    }
    return known.bytes;
  }

  #pack(entries: readonly Entry[]): Buffer | undefined {
    let bytes = 0;
    for (const { data } of entries) bytes += entryOverheadBytes + data.byteLength;
    return this.#packer.wants(bytes) ? this.#packer.pack(this.#encode(entries)) : undefined;
  }
}
