import { randomBytes } from "node:crypto";

import type { Meridian, MeridianError, MultiOperation } from "@meridian/client";

import { inParallel } from "../load/parallel.ts";

/** Operations of a multi: servers take 128. */
const portion = 100;
const portionBytesMax = 512 * 1024;
/** Portions under way at a time. */
const portionsMax = 8;

/** The nodes that load goes over, in a folder of their own. */
export class Ground {
  /** Folder of the nodes. */
  readonly prefix: string;
  readonly #client: Meridian;
  /** Ancestors that were not there before, the nearest last. */
  readonly #made: string[] = [];
  #keys = 0;
  #created = 0;

  /** A folder of a name that nobody else takes, below a path that need not exist. */
  constructor(client: Meridian, parent: string) {
    this.#client = client;
    this.prefix = `${parent === "/" ? "" : parent}/load-${randomBytes(4).toString("hex")}`;
  }

  /** Path of a node that exists. */
  key(n: number): string {
    return `${this.prefix}/k-${n % this.#keys}`;
  }

  /** Path of a node that was not there before. */
  unused(): string {
    this.#created += 1;
    return `${this.prefix}/c-${this.#created}`;
  }

  /** Makes the folder and its nodes. */
  async prepare(keys: number, valueBytes: number, signal: AbortSignal): Promise<void> {
    await this.#make(this.prefix);
    signal.throwIfAborted();
    const data = new Uint8Array(valueBytes).fill(120);
    const each = Math.max(1, Math.min(portion, Math.floor(portionBytesMax / (valueBytes + 100))));
    this.#keys = keys;
    await inPortions(keys, each, async (from, to) => {
      signal.throwIfAborted();
      const creates = Array.from({ length: to - from }, (_, at): MultiOperation => {
        return { kind: "create", path: `${this.prefix}/k-${from + at}`, data };
      });
      await this.#client.multi(creates);
    });
  }

  /** From below: what lies above may belong to a cluster that is far away, or not there. */
  async #make(path: string): Promise<void> {
    const refusal = await this.#create(path);
    const end = path.lastIndexOf("/");
    if (refusal !== "NO_NODE" || end === 0) return;
    await this.#make(path.slice(0, end));
    await this.#create(path);
  }

  async #create(path: string): Promise<"NODE_EXISTS" | "NO_NODE" | undefined> {
    try {
      await this.#client.create(path, "");
      this.#made.push(path);
      return undefined;
    } catch (error) {
      const { code } = error as MeridianError;
      if (code === "NODE_EXISTS" || code === "NO_NODE") return code;
      throw error;
    }
  }

  /** Deletes everything that was made. `tokens`: of all clients that made something. */
  async clear(tokens: readonly string[]): Promise<void> {
    if (!this.#made.includes(this.prefix)) return;
    for (const token of tokens) this.#client.observe(token);
    for (;;) {
      const { children } = await this.#client.children(this.prefix, { limit: 10_000 });
      const deletes = children.map(({ name }): MultiOperation => {
        return { kind: "delete", path: `${this.prefix}/${name}` };
      });
      await inPortions(deletes.length, portion, async (from, to) => {
        await this.#client.multi(deletes.slice(from, to));
      });
      if (children.length === 0) break;
    }
    for (const path of this.#made.toReversed()) {
      // Somebody may have put something of theirs beside ours.
      await this.#client.delete(path).catch((error: MeridianError) => {
        if (error.code !== "NOT_EMPTY" && error.code !== "NO_NODE") throw error;
      });
    }
  }
}

/** Works on `[0, count)` in portions `[from, to)`, some of them at a time. */
async function inPortions(
  count: number,
  each: number,
  work: (from: number, to: number) => Promise<void>,
): Promise<void> {
  const portions = Math.ceil(count / each);
  await inParallel(portions, portionsMax, (index) =>
    work(index * each, Math.min(count, (index + 1) * each)),
  );
}
