import { type NodeValue, type ReadConsistency, type Receipt } from "@meridian/client";
import type { HistoryEvent } from "../../linearizability/history.ts";
import { judge } from "../../linearizability/judge.ts";
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

/** What is known of the platform's state beside its history. */
export interface Surroundings {
  /** Node that leads a cluster now. */
  leaderOf(cluster: string): string | undefined;
  /** Nothing has been done to a region's own servers for so long. */
  isSound(region: string, forMs: number): boolean;
}

/** What a read found. */
interface Found {
  readonly version: number;
  readonly value: string;
}

const deadlineMs = 8_000;
/** Work of the judge for one run, at most. */
const steps = 1_000_000;
/** Time after which nothing of a trouble is left in a region and its clients. */
const soundAfterMs = 9_000;
/** A region that is sound takes writes of its own clients at least so fast, whatever is outside. */
const soundWriteMs = 1_000;

/**
 * Nodes with one owner whose every value is written once. What clients were told is held against
 * what the owner committed: then the order of the owner's log is the order in which they happened.
 */
export class Registers {
  readonly #chronicle: Chronicle;
  readonly #counter: Counter;
  readonly #surroundings: Surroundings;
  readonly #strict: Observed[] = [];
  readonly #attempts: Attempt[] = [];
  /** The same for a judge that knows nothing of logs and indexes. */
  readonly #events: HistoryEvent[] = [];
  #operations = 0;

  constructor(chronicle: Chronicle, counter: Counter, surroundings: Surroundings) {
    this.#chronicle = chronicle;
    this.#counter = counter;
    this.#surroundings = surroundings;
  }

  /** Writes; after a read: only if the node is still as it was. */
  async write(process: ClientProcess, path: string, after?: Found): Promise<void> {
    const { version, value: expected } = after ?? { version: -1, value: "" };
    const owner = ownerOf(path);
    const value = process.nextValue();
    const invokedAtMs = process.nowMs();
    const what = `${version < 0 ? "write" : "cas"} ${path} ${value}`;
    const { client, name } = process;
    const end = this.#begin(name, path, version < 0 ? "write" : "cas", [expected, value]);
    const ended = await process.operate(what, deadlineMs, (options) => {
      return client.set(path, value, { version, ...options });
    });
    end(ended.kind);
    this.#checkSound(process, owner, invokedAtMs, what, ended.kind);
    if (ended.kind !== "ok") {
      const fate = ended.kind === "unknown" ? "open" : "failed";
      this.#counter.count(`${owner === "global" ? "strict" : "regional"}Writes:${fate}`);
      this.#attempts.push({ client: name, path, value, fate, index: 0 });
      return;
    }
    const { stat, receipt } = ended.value;
    const index = stat.mzxid;
    const { node } = receipt.servedBy;
    const isForwarded = node !== this.#surroundings.leaderOf(owner);
    if (isForwarded) this.#counter.count("forwardedWrites");
    this.#note(process, { path, invokedAtMs, index, isWrite: true });
    this.#attempts.push({ client: name, path, value, fate: "done", index });
    this.#counter.count(owner === "global" ? "strictWrites" : "regionalWrites");
    const wanted = owner === "global" ? "strict" : "regional";
    must(receipt.consistency === wanted, () => `${what} was ${receipt.consistency}`);
    process.saw(owner, index);
  }

  /** Reads strictly; gives what it found for a conditional write. */
  async read(process: ClientProcess, path: string): Promise<Found | undefined> {
    const invokedAtMs = process.nowMs();
    const end = this.#begin(process.name, path, "read", []);
    const ended = await process.operate(`read ${path}`, deadlineMs, (options) => {
      return process.client.get(path, { consistency: "strict", ...options });
    });
    end(ended.kind, ended.kind === "ok" ? ended.value.text : undefined);
    if (ended.kind !== "ok") return undefined;
    const { stat, receipt, text } = ended.value;
    must(receipt.stalenessMs === 0, () => `a strict read of ${path} was not fresh`);
    this.#match(process, ended.value);
    this.#note(process, { path, invokedAtMs, index: stat.mzxid, isWrite: false });
    this.#counter.count("strictReads");
    process.saw(ownerOf(path), stat.mzxid);
    return { version: stat.version, value: text };
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
    const { verdict, explanation } = judge(this.#events, "register", { initial: "0", steps });
    must(verdict !== "violated", () => explanation ?? "not linearizable");
    this.#counter.count(verdict);
  }

  /** Notes that an operation begins; gives what notes its end. */
  #begin(
    client: string,
    key: string,
    f: "read" | "write" | "cas",
    [expected, value]: readonly string[],
  ): (kind: "ok" | "failed" | "unknown", found?: string) => void {
    this.#operations += 1;
    const of = { process: `${client}/${this.#operations}`, f, key };
    const input = f === "cas" ? [expected, value] : f === "write" ? value : undefined;
    this.#events.push({ ...of, type: "invoke", value: input });
    return (kind, found) => {
      const type = kind === "ok" ? "ok" : kind === "failed" ? "fail" : "info";
      this.#events.push({ ...of, type, value: f === "read" ? found : input });
    };
  }

  /** What happens elsewhere does not concern a region that is well, nor its clients. */
  #checkSound(
    process: ClientProcess,
    owner: string,
    invokedAtMs: number,
    what: string,
    outcome: string,
  ): void {
    const tookMs = process.nowMs() - invokedAtMs;
    const isSound = this.#surroundings.isSound(owner, soundAfterMs + tookMs);
    if (owner !== process.region || !isSound || !process.runtime.hasRunFor(soundAfterMs)) return;
    this.#counter.count("soundWrites");
    must(outcome === "ok" && tookMs <= soundWriteMs, () => {
      return `${what} of ${process.name} in its own sound region: ${outcome} after ${tookMs} ms`;
    });
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
