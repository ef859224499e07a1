import { Packer } from "@meridian/transport";
import type { Transaction } from "@meridian/tree";
import { ChangeFrame, type Encodable, type IChangeFrame, type ITransaction } from "@meridian/wire";
import { encodeTransaction } from "./change-codec.ts";
import type { Clock } from "./clock.ts";

/** Batches that are remembered: consumers that keep up are sent the same one by one. */
const batchesMax = 4;

/** What a node of a snapshot takes beside its path and data, about. */
const nodeBytes = 64;

/** What a frame carries beside how far it reaches. */
export type FrameContent = Pick<Encodable<IChangeFrame>, "seed" | "transactions" | "packed">;

/** Transactions as they are sent, and packed for consumers in other regions once one asked. */
interface Batch {
  readonly transactions: readonly Encodable<ITransaction>[];
  far: FrameContent | undefined;
}

/**
 * Makes what is sent of changes: once for all consumers that are sent the same, packed for those
 * in other regions where that saves something.
 */
export class ChangePacker {
  readonly #packer: Packer;
  readonly #batches = new Map<string, Batch>();

  constructor(clock: Clock) {
    this.#packer = new Packer(clock);
  }

  /** `key` names these transactions among all there ever are; `bytes`: what they take, about. */
  transactions(
    key: string,
    items: readonly Transaction[],
    bytes: number,
    isFar: boolean,
  ): FrameContent {
    const batch = this.#batches.get(key) ?? this.#remember(key, items);
    if (!isFar) return { transactions: batch.transactions };
    batch.far ??= this.#pack({ transactions: batch.transactions }, bytes);
    return batch.far;
  }

  /** Part of a snapshot, which each consumer has read for itself. */
  seed(content: FrameContent, isFar: boolean): FrameContent {
    if (!isFar) return content;
    let bytes = 0;
    for (const { path = "", data } of content.seed?.nodes ?? []) {
      bytes += nodeBytes + path.length + (data?.byteLength ?? 0);
    }
    return this.#pack(content, bytes);
  }

  /** What comes now is new. */
  forget(): void {
    this.#batches.clear();
  }

  #remember(key: string, items: readonly Transaction[]): Batch {
    const batch = { transactions: items.map(encodeTransaction), far: undefined };
    if (this.#batches.size >= batchesMax) this.#batches.clear();
    this.#batches.set(key, batch);
    return batch;
  }

  #pack(content: FrameContent, bytes: number): FrameContent {
    if (!this.#packer.wants(bytes)) return content;
    const packed = this.#packer.pack(ChangeFrame.encode(content));
    return packed === undefined ? content : { packed };
  }
}
