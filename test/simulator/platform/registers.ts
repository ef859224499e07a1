import { type NodeValue, type ReadConsistency, type Receipt } from "@meridian/client";
import type { Chronicle } from "./chronicle.ts";
import type { ClientProcess } from "./client-process.ts";
import type { PathWrite } from "./cluster-history.ts";
import type { Counter } from "./counter.ts";
import { must } from "./failure.ts";

/** A strict operation, or a read of a mirror, on one register. */
interface Observed {
  readonly client: string;
  readonly path: string;
  readonly invokedAtMs: number;
  readonly endedAtMs: number;
  /** Index of the write that it made or saw. */
  readonly index: number;
  readonly isWrite: boolean;
}

/** A write as its client knows it. */
interface Attempt {
  readonly client: string;
  readonly path: string;
  readonly value: string;
  readonly fate: "done" | "failed" | "open";
  /** Of a write that is done. */
  readonly index: number;
}

const deadlineMs = 8_000;

/**
 * Nodes with one owner whose every value is written once. What clients were told is held against
 * what the owner committed: then the order of the owner's log is the order in which they happened.
 */
export class Registers {
  readonly #chronicle: Chronicle;
  readonly #counter: Counter;
  readonly #strict: Observed[] = [];
  readonly #attempts: Attempt[] = [];

  constructor(chronicle: Chronicle, counter: Counter) {
    this.#chronicle = chronicle;
    this.#counter = counter;
  }

  /** Writes; with a version: only if that is the node's. */
  async write(process: ClientProcess, path: string, version: number = -1): Promise<void> {
    const owner = ownerOf(path);
    const value = process.nextValue();
    const invokedAtMs = process.nowMs();
    const what = `${version < 0 ? "write" : "cas"} ${path} ${value}`;
    const { client, name } = process;
    const ended = await process.operate(what, deadlineMs, (options) => {
      return client.set(path, value, { version, ...options });
    });
    if (ended.kind !== "ok") {
      const fate = ended.kind === "unknown" ? "open" : "failed";
      this.#counter.count(`${owner === "global" ? "strict" : "regional"}Writes:${fate}`);
      this.#attempts.push({ client: name, path, value, fate, index: 0 });
      return;
    }
    const { stat, receipt } = ended.value;
    const index = stat.mzxid;
    this.#note(process, { path, invokedAtMs, index, isWrite: true });
    this.#attempts.push({ client: name, path, value, fate: "done", index });
    this.#counter.count(owner === "global" ? "strictWrites" : "regionalWrites");
    const wanted = owner === "global" ? "strict" : "regional";
    must(receipt.consistency === wanted, () => `${what} was ${receipt.consistency}`);
    process.saw(owner, index);
  }

  /** Reads strictly; gives the version for a conditional write. */
  async read(process: ClientProcess, path: string): Promise<number> {
    const invokedAtMs = process.nowMs();
    const ended = await process.operate(`read ${path}`, deadlineMs, (options) => {
      return process.client.get(path, { consistency: "strict", ...options });
    });
    if (ended.kind !== "ok") return -1;
    const { stat, receipt } = ended.value;
    must(receipt.stalenessMs === 0, () => `a strict read of ${path} was not fresh`);
    this.#match(process, ended.value);
    this.#note(process, { path, invokedAtMs, index: stat.mzxid, isWrite: false });
    this.#counter.count("strictReads");
    process.saw(ownerOf(path), stat.mzxid);
    return stat.version;
  }

  /** Reads wherever it is near: what is seen is of the owner's history and as old as is said. */
  async readNear(
    process: ClientProcess,
    path: string,
    consistency: Extract<ReadConsistency, "regional" | "eventual">,
    maxStalenessMs?: number,
  ): Promise<void> {
    const owner = ownerOf(path);
    const askedAtMs = process.nowMs();
    const seen = process.seen.get(owner) ?? 0;
    const what = `${consistency} read ${path}`;
    const ended = await process.operate(what, deadlineMs, (options) => {
      return process.client.get(path, { consistency, maxStalenessMs, ...options });
    });
    if (ended.kind !== "ok") return;
    const { stat, receipt } = ended.value;
    const told = `${what} of ${process.name} at ${receipt.servedBy.node} gave ${stat.mzxid}`;
    this.#match(process, ended.value);
    this.#counter.count(`reads:${receipt.servedBy.tier}:${receipt.consistency}`);
    const due = this.#chronicle.of(owner).latest(path, seen)?.index ?? 0;
    must(stat.mzxid >= due, () => `${told}, though it had seen ${seen} before, that is ${due}`);
    this.#checkAge(told, path, stat.mzxid, askedAtMs, receipt);
    must(receipt.stalenessMs <= (maxStalenessMs ?? Infinity), () => `${told}, too old`);
    process.saw(owner, stat.mzxid);
    if (receipt.position.cluster === owner) process.saw(owner, receipt.position.index);
  }

  /** At the end: everything that clients were told is true. */
  check(): void {
    for (const attempt of this.#attempts) this.#checkAttempt(attempt);
    for (const path of new Set(this.#attempts.map((attempt) => attempt.path))) {
      inRealTime(this.#strict.filter((observed) => observed.path === path));
      const values = this.#writesOf(path).map(({ text }) => text);
      const twice = values.find((value, at) => values.indexOf(value) !== at);
      must(twice === undefined, () => `${path}: ${twice} was written twice`);
    }
  }

  #writesOf(path: string): readonly PathWrite[] {
    return this.#chronicle.of(ownerOf(path)).writesOf(path);
  }

  #checkAttempt({ client, path, value, fate, index }: Attempt): void {
    const made = this.#writesOf(path).find(({ text }) => text === value);
    if (fate === "failed") {
      must(made === undefined, () => `${client} was told that ${value} is not in ${path}`);
    }
    if (fate === "done") {
      must(made?.index === index, () => {
        return `${client} wrote ${value} to ${path} at ${index}, and it is at ${made?.index}`;
      });
    }
  }

  #note(process: ClientProcess, of: Omit<Observed, "client" | "endedAtMs">): void {
    this.#strict.push({ ...of, client: process.name, endedAtMs: process.nowMs() });
  }

  /** A value that was read is one that the owner has committed, with all its metadata. */
  #match({ name }: ClientProcess, { path, stat, text }: NodeValue): void {
    const write = this.#chronicle.of(ownerOf(path)).latest(path, stat.mzxid);
    const { index, version } = write ?? {};
    const isTrue = index === stat.mzxid && write?.text === text && version === stat.version;
    must(isTrue, () => {
      const read = `${text} of version ${stat.version} at ${stat.mzxid}`;
      return `${name} read ${read} in ${path}, where ${write?.text} of ${version} is at ${index}`;
    });
  }

  #checkAge(
    told: string,
    path: string,
    index: number,
    askedAtMs: number,
    { stalenessMs }: Receipt,
  ): void {
    const next = this.#writesOf(path).find((write) => write.index > index);
    const missedForMs = askedAtMs - (next?.atMs ?? Infinity);
    must(missedForMs <= stalenessMs, () => {
      const missed = `${next?.index}, committed ${missedForMs} ms before it was asked`;
      return `${told} and called it ${stalenessMs} ms old, missing ${missed}`;
    });
    if (stalenessMs > 3_000) this.#counter.count("oldReads");
  }
}

/** The cluster that owns a path of the work. */
export function ownerOf(path: string): string {
  const [, zone = "", region = ""] = path.split("/");
  return zone === "global" ? "global" : region;
}

/**
 * An operation that begins after another has ended comes behind it in the log, or at the same place
 * if it only reads. As each read is known to show the write of its index, this is linearizability.
 */
function inRealTime(observed: readonly Observed[]): void {
  const begins = observed.toSorted((a, b) => a.invokedAtMs - b.invokedAtMs);
  const ends = observed.toSorted((a, b) => a.endedAtMs - b.endedAtMs);
  let latest: Observed | undefined;
  let ended = 0;
  for (const next of begins) {
    for (; (ends[ended]?.endedAtMs ?? Infinity) < next.invokedAtMs; ended += 1) {
      const end = ends[ended];
      if (end !== undefined && end.index >= (latest?.index ?? 0)) latest = end;
    }
    if (latest === undefined) continue;
    const { index, client, endedAtMs } = latest;
    const isBehind = next.index > index || (next.index === index && !next.isWrite);
    must(isBehind, () => {
      const late = `${next.client} ${next.isWrite ? "wrote" : "read"} ${next.index}`;
      return `${late} in ${next.path}, though ${client} was told of ${index} ${
        next.invokedAtMs - endedAtMs
      } ms before`;
    });
  }
}
