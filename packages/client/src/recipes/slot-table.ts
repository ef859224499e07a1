import type { Meridian } from "../client.ts";
import type { MultiOperation } from "../options.ts";
import type { OperationOptions } from "../performer.ts";
import type { Stat } from "../receipt.ts";
import type { Runtime } from "../runtime.ts";
import type { MadeNode } from "./own-node.ts";
import { hasCode } from "./retry.ts";

/** A slot that somebody has taken. */
export interface TakenSlot {
  readonly slot: number;
  readonly path: string;
  readonly stat: Stat;
  /** What the taker drew at random. */
  readonly mark: string;
  /** What the taker wants others to know. */
  readonly data: Uint8Array;
  /** Incarnation of the cluster that the slot was read from. */
  readonly incarnation: number;
}

/** Hexadecimal digits of a mark: the data of a slot begins with one. */
const markLength = 32;

/**
 * A fixed number of slots below a path. A taken slot is an ephemeral node with its number as its
 * name, so that no slot can be taken twice.
 */
export class SlotTable {
  readonly path: string;
  readonly #client: Meridian;
  readonly #count: number;

  constructor(client: Meridian, path: string, count: number) {
    this.#client = client;
    this.path = path;
    this.#count = count;
  }

  /** What tells a taker's slot from those of all others. */
  newMark(runtime: Runtime): string {
    return Buffer.from(runtime.randomBytes(markLength / 2)).toString("hex");
  }

  /** The slots that are taken, by number. */
  async taken(how: OperationOptions = {}): Promise<readonly TakenSlot[]> {
    const options = { consistency: "strict", withStats: true, withData: true } as const;
    try {
      const { children, receipt } = await this.#client.children(this.path, { ...how, ...options });
      const { incarnation } = receipt.position;
      return children
        .flatMap(({ name, stat, data }) => {
          if (!/^\d+$/.test(name) || stat === undefined || data === undefined) return [];
          const mark = Buffer.from(data.subarray(0, markLength)).toString("latin1");
          const path = `${this.path}/${name}`;
          const rest = data.subarray(markLength);
          return [{ slot: Number(name), path, stat, mark, data: rest, incarnation }];
        })
        .sort((a, b) => a.slot - b.slot);
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return [];
      throw error;
    }
  }

  /** The lowest slot that is free. */
  async free(signal?: AbortSignal): Promise<number | undefined> {
    const taken = new Set((await this.taken({ signal })).map(({ slot }) => slot));
    for (let slot = 0; slot < this.#count; slot += 1) if (!taken.has(slot)) return slot;
    return undefined;
  }

  /** Resolves with a free slot: at once, or when one becomes free. */
  async untilFree(signal: AbortSignal): Promise<number> {
    const free = await this.free(signal);
    if (free !== undefined) return free;
    for (;;) {
      const options = { kind: "child", consistency: "strict", withData: false, signal } as const;
      await using watch = this.#client.watch(this.path, options);
      await watch.ready;
      const freed = await this.free(signal);
      if (freed !== undefined) return freed;
      await watch.next();
      signal.throwIfAborted();
    }
  }

  /** Takes a slot, as a part of a multi. */
  taking(slot: number, mark: string, data: string | Uint8Array): MultiOperation {
    const path = `${this.path}/${slot}`;
    const bytes = Buffer.concat([Buffer.from(mark, "latin1"), Buffer.from(data)]);
    return { kind: "create", path, data: bytes, ephemeral: true, parents: true };
  }

  /** The slot with this mark, if it was taken. Read behind all writes of the session. */
  async find(mark: string, signal?: AbortSignal): Promise<MadeNode | undefined> {
    const options = { consistency: "strict", signal } as const;
    const mine = (await this.taken({ signal })).find((each) => each.mark === mark);
    if (mine === undefined) return undefined;
    const { stat, receipt } = await this.#client.exists(mine.path, options);
    if (stat?.czxid !== mine.stat.czxid) return undefined;
    return { path: mine.path, stat, receipt };
  }
}
