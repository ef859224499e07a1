import { MeridianError } from "@meridian/client";
import type { Tree } from "@meridian/tree";
import type { Chronicle, StampedWrite } from "./chronicle.ts";
import type { ClientProcess } from "./client-process.ts";
import type { Counter } from "./counter.ts";
import { must } from "./failure.ts";
import { oneOf } from "./shape.ts";

const deadlineMs = 4_000;
/** Nodes that all regions write, delete and write again. */
const contested = ["/shared/a", "/shared/b", "/shared/c"];

/** Writes of clients to eventual zones, and what must have become of them. */
export class EventualWork {
  readonly #chronicle: Chronicle;
  readonly #counter: Counter;
  readonly #attempts: { path: string; value: string; fate: "done" | "failed" | "open" }[] = [];

  constructor(chronicle: Chronicle, counter: Counter) {
    this.#chronicle = chronicle;
    this.#counter = counter;
  }

  /** One write of a node that others write as well. */
  async contend(process: ClientProcess): Promise<void> {
    const path = oneOf(process.chance, contested);
    if (process.runtime.random() < 0.25) return await this.#delete(process, path);
    await this.#put(process, path, process.nextValue());
  }

  /** Writes a node that nobody else writes: its values are numbers that grow. */
  async count(process: ClientProcess): Promise<void> {
    const path = `/shared/own-${process.name}`;
    process.attempted += 1;
    const number = process.attempted;
    if (await this.#put(process, path, String(number))) process.counted.set(path, number);
  }

  /** Reads a node of the kind that `count` writes: nothing older than was seen before. */
  async readCount(process: ClientProcess, path: string): Promise<void> {
    const least = process.counted.get(path) ?? 0;
    if (least === 0) return;
    const consistency = oneOf(process.chance, ["regional", "eventual"] as const);
    const what = `${consistency} read ${path}`;
    const ended = await process.operate(what, deadlineMs, (options) => {
      return process.client.get(path, { consistency, ...options });
    });
    if (ended.kind === "failed" && ended.code !== "NO_NODE") return;
    const found = ended.kind === "ok" ? Number(ended.value.text) : 0;
    must(found >= least, () => {
      const at = ended.kind === "ok" ? ended.value.receipt.servedBy.node : "somewhere";
      return `${what} of ${process.name} at ${at} gave ${found} after ${least} was seen`;
    });
    process.counted.set(path, Math.max(found, process.counted.get(path) ?? 0));
    this.#counter.count("ownReads");
  }

  /** What all trees must hold in the end: of each path the value with the latest stamp. */
  checkTree(node: string, tree: Tree): void {
    for (const path of this.#chronicle.eventualPaths) {
      const winner = winnerOf(this.#chronicle.stamped(path));
      const wanted = winner?.kind === "deleted" ? undefined : winner?.text;
      const data = tree.get(path)?.data;
      const found = data === undefined ? undefined : Buffer.from(data).toString("latin1");
      must(found === wanted, () => {
        const { ms, counter, region } = winner?.stamp ?? { ms: 0, counter: 0, region: "" };
        return `${node} has ${found} in ${path}, not ${wanted} of ${ms}.${counter} at ${region}`;
      });
    }
  }

  /** At the end: what was acknowledged was taken over somewhere, once; what failed was not. */
  check(): void {
    for (const { path, value, fate } of this.#attempts) {
      const made = this.#chronicle.stamped(path).filter(({ text }) => text === value);
      const [least, most] = { done: [1, 1], failed: [0, 0], open: [0, 1] }[fate] ?? [0, 0];
      must(made.length >= (least ?? 0) && made.length <= (most ?? 0), () => {
        return `${value} was written ${made.length} times to ${path}, and was told to be ${fate}`;
      });
    }
  }

  async #put(process: ClientProcess, path: string, value: string): Promise<boolean> {
    const { client } = process;
    const ended = await process.operate(`put ${path} ${value}`, deadlineMs, async (options) => {
      const untilMs = process.nowMs() + deadlineMs;
      try {
        return await client.set(path, value, options);
      } catch (error) {
        if (!(error instanceof MeridianError) || error.code !== "NO_NODE") throw error;
        const leftMs = Math.max(1, untilMs - process.nowMs());
        return await client.create(path, value, { deadlineMs: leftMs });
      }
    });
    const fate = ended.kind === "ok" ? "done" : ended.kind === "unknown" ? "open" : "failed";
    this.#attempts.push({ path, value, fate });
    this.#counter.count(`eventualWrites:${fate}`);
    return fate === "done";
  }

  async #delete(process: ClientProcess, path: string): Promise<void> {
    const { client } = process;
    const ended = await process.operate(`delete ${path}`, deadlineMs, (options) => {
      return client.delete(path, options);
    });
    if (ended.kind === "ok") this.#counter.count("eventualDeletes");
  }
}

/** The later (time, counter, region) wins. */
function winnerOf(writes: readonly StampedWrite[]): StampedWrite | undefined {
  const isLater = ({ stamp: a }: StampedWrite, { stamp: b }: StampedWrite): boolean => {
    if (a.ms !== b.ms) return a.ms > b.ms;
    return a.counter === b.counter ? a.region > b.region : a.counter > b.counter;
  };
  let winner = writes[0];
  for (const write of writes) if (winner === undefined || isLater(write, winner)) winner = write;
  return winner;
}
