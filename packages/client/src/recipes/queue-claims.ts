import type { Meridian } from "../client.ts";
import type { Child } from "../result.ts";
import type { Standing } from "../standing.ts";
import { OwnNode, type MadeNode } from "./own-node.ts";
import { Patience } from "./patience.ts";
import { QueueItem } from "./queue-item.ts";
import { hasCode } from "./retry.ts";

/** Names of items that are looked at in one go, beside those that are wanted. */
const lookahead = 32;
const pageMax = 1_000;
const markBytes = 16;

/** What a look at the items has given. */
export interface Grabbed {
  readonly items: readonly QueueItem[];
  /** When the next item is due that is not due yet, by the servers' clock; Infinity: none. */
  readonly nextDueMs: number;
}

/** Takes items for itself: whoever makes the ephemeral child of an item has it. */
export class QueueClaims {
  readonly #standing: Standing;
  readonly #folder: string;
  readonly #dueAtMs: (name: string) => number;

  /** `dueAtMs` reads out of a name when the item may be given out; -Infinity: at any time. */
  constructor(standing: Standing, folder: string, dueAtMs: (name: string) => number) {
    this.#standing = standing;
    this.#folder = folder;
    this.#dueAtMs = dueAtMs;
  }

  /**
   * Takes the first items that nobody has, at most so many; perhaps none. `nowMs` is the time by
   * the servers' clock.
   */
  async grab(count: number, nowMs: number, signal: AbortSignal): Promise<Grabbed> {
    const items: QueueItem[] = [];
    try {
      for (let after: string | undefined = ""; after !== undefined;) {
        const page = await this.#page(after, count, signal);
        const early = page.free.find(({ name }) => this.#dueAtMs(name) > nowMs);
        const due = page.free.filter(({ name }) => this.#dueAtMs(name) <= nowMs);
        await this.#takeSome(due, count, items, signal);
        if (items.length >= count) break;
        if (early !== undefined) return { items, nextDueMs: this.#dueAtMs(early.name) };
        after = page.next;
      }
      return { items, nextDueMs: Infinity };
    } catch (error) {
      for (const item of items) void item.release();
      throw error;
    }
  }

  /** One page of the items that nobody has. */
  async #page(
    after: string,
    count: number,
    signal: AbortSignal,
  ): Promise<{ readonly free: readonly Child[]; readonly next: string | undefined }> {
    const limit = Math.min(count + lookahead, pageMax);
    const options = { consistency: "strict", withStats: true, startAfter: after } as const;
    try {
      const { client } = this.#standing.get();
      const list = await client.children(this.#folder, { ...options, limit, signal });
      const free = list.children.filter(({ stat }) => stat?.numChildren === 0);
      return { free, next: list.more ? list.names.at(-1) : undefined };
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      return { free: [], next: undefined };
    }
  }

  /** Takes items out of `due` until there are enough. */
  async #takeSome(
    due: readonly Child[],
    count: number,
    items: QueueItem[],
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime } = this.#standing.get().context;
    let open = due;
    while (open.length > 0 && items.length < count) {
      const wanted = open.slice(0, count - items.length);
      const takes = await Promise.allSettled(wanted.map(({ name }) => this.#take(name, signal)));
      let conflicts = 0;
      for (const take of takes) {
        if (take.status === "fulfilled" && take.value !== undefined) items.push(take.value);
        else conflicts += 1;
      }
      const failed = takes.find((take) => take.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      open = open.slice(wanted.length);
      // Others are at work here and were faster: one who goes on elsewhere is in nobody's way.
      const skipped = Math.floor(runtime.random() * Math.min(2 * conflicts + 1, open.length));
      if (conflicts > 0) open = [...open.slice(skipped), ...open.slice(0, skipped)];
    }
  }

  /** Takes one item; undefined when somebody else has it, or it is gone. */
  async #take(name: string, signal: AbortSignal): Promise<QueueItem | undefined> {
    const { client, context } = this.#standing.get();
    const path = `${this.#folder}/${name}`;
    const mark = Buffer.from(context.runtime.randomBytes(markBytes)).toString("hex");
    // Sent together with the claim: both take one way there and back.
    const reading = client.get(path, { consistency: "strict", signal });
    reading.catch(() => undefined); // Looked at only when the item is ours.
    const made = await this.#claim(client, `${path}/claim`, mark, signal);
    if (made === undefined) return undefined;
    const claim = new OwnNode(client, context, made);
    try {
      return new QueueItem(this.#standing, path, (await reading).data, claim);
    } catch (error) {
      void claim.remove();
      if (hasCode(error, "NO_NODE")) return undefined;
      throw error;
    }
  }

  /** Makes the claim, once, whatever becomes of the answer. */
  async #claim(
    client: Meridian,
    path: string,
    mark: string,
    signal: AbortSignal,
  ): Promise<MadeNode | undefined> {
    const patience = new Patience(this.#standing.get().context.runtime);
    let isUnknown = false;
    for (;;) {
      try {
        signal.throwIfAborted();
        const found = isUnknown ? await this.#find(client, path, mark) : undefined;
        return found ?? (await client.create(path, mark, { ephemeral: true, signal }));
      } catch (error) {
        if (hasCode(error, "UNKNOWN")) isUnknown = true;
        if (signal.aborted && isUnknown) void this.#sweep(client, path, mark);
        signal.throwIfAborted();
        if (hasCode(error, "NODE_EXISTS", "NO_NODE")) return undefined;
        if (!this.#standing.isPassing(error)) throw error;
        await patience.wait(error, signal).catch(() => undefined);
      }
    }
  }

  /** The claim, if it is there and ours. Looked up in the same session, behind its creation. */
  async #find(client: Meridian, path: string, mark: string): Promise<MadeNode | undefined> {
    try {
      const { text, stat, receipt } = await client.get(path, { consistency: "strict" });
      return text === mark ? { path, stat, receipt } : undefined;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return undefined;
      throw error;
    }
  }

  /** Nobody waits any more for a claim that may have been made: nobody else would get the item. */
  async #sweep(client: Meridian, path: string, mark: string): Promise<void> {
    try {
      const found = await this.#find(client, path, mark);
      if (found === undefined) return;
      await new OwnNode(client, this.#standing.get().context, found).remove();
    } catch {
      // Then it goes with the session, as everything does that nobody can reach.
    }
  }
}
