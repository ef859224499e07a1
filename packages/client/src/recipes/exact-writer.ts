import { MeridianError } from "@meridian/wire";
import type { MultiOperation } from "../options.ts";
import { MultiError } from "../result.ts";
import type { Standing } from "../standing.ts";
import { Patience } from "./patience.ts";
import { PendingStep, unknownFate } from "./pending-step.ts";
import { hasCode } from "./retry.ts";

/** A write that is to be done once. */
export interface ExactWrite {
  /** About what it takes. */
  readonly bytes: number;
  /**
   * It depends on what it has read: it does not go together with others, and is drafted anew when
   * that has changed.
   */
  readonly isConditional: boolean;
  /** Makes its parts, one or two, as of now. Asked again for each attempt. */
  draft(): Promise<readonly MultiOperation[]>;
}

interface Job {
  readonly write: ExactWrite;
  readonly pending: PendingStep<void>;
}

/** A record that nobody needs any more goes by itself after this time. */
const recordTtlMs = 3_600_000;
/** What goes together: a multi has at most 128 parts. */
const jobsMax = 60;
const bytesMax = 256 << 10;
/** Writes that may wait, and what they may hold. */
const waitingMax = 16_384;
const waitingBytesMax = 64 << 20;

/**
 * Does writes exactly once, also those of which no answer came: each goes as a multi that counts up
 * a record of this writer's own, from the version that the write before has made. Of a write of
 * unknown fate the record tells whether it was done; and of it and its repetition only one can be
 * done, even if the first comes late, out of a session that has ended. One multi at a time; what
 * has come together meanwhile goes as one.
 */
export class ExactWriter {
  readonly #standing: Standing;
  readonly #folder: string;
  #record = "";
  /** Of the record; -1: it has to be made. */
  #version = -1;
  #waiting: Job[] = [];
  #waitingBytes = 0;
  #isBusy = false;

  /** Records lie below `folder`, which has to be in the cluster of what is written. */
  constructor(standing: Standing, folder: string) {
    this.#standing = standing;
    this.#folder = folder;
  }

  /** Nothing is being done: it can be forgotten. */
  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /**
   * Does a write, once, in the order of the calls.
   * @throws {MeridianError} UNKNOWN when it may have been done; with every other code, and with the
   * reason of the signal, it was not.
   */
  write(write: ExactWrite, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const isFull = this.#waitingBytes > 0 && this.#waitingBytes + write.bytes > waitingBytesMax;
      if (isFull || this.#waiting.length >= waitingMax) {
        throw new MeridianError("OVERLOADED", `${this.#waiting.length} writes are waiting`);
      }
      this.#waiting.push({ write, pending: new PendingStep(signal, resolve, reject) });
      this.#waitingBytes += write.bytes;
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const jobs = this.#nextJobs();
      if (jobs.length > 0 && !(await this.#isDoneTogether(jobs))) {
        for (const job of jobs) await this.#finish([job]);
      }
    }
    this.#isBusy = false;
  }

  /** What goes next, together. */
  #nextJobs(): readonly Job[] {
    let [count, bytes] = [0, 0];
    for (const { write } of this.#waiting) {
      const fits = count < jobsMax && bytes + write.bytes <= bytesMax && !write.isConditional;
      if (count > 0 && !fits) break;
      count += 1;
      bytes += write.bytes;
      if (write.isConditional) break;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count).filter(({ pending }) => !pending.isSettled);
  }

  /** Does several at once. False: that was refused, and they have to go one by one. */
  async #isDoneTogether(jobs: readonly Job[]): Promise<boolean> {
    if (jobs.length === 1) return false;
    try {
      await this.#writeAll(jobs);
      for (const { pending } of jobs) pending.resolve();
      return true;
    } catch (error) {
      if (!hasCode(error, "UNKNOWN")) return false;
      for (const { pending } of jobs) pending.reject(error as Error);
      return true;
    }
  }

  async #finish(jobs: readonly Job[]): Promise<void> {
    try {
      await this.#writeAll(jobs);
      for (const { pending } of jobs) pending.resolve();
    } catch (error) {
      for (const { pending } of jobs) pending.reject(error as Error);
    }
  }

  async #writeAll(jobs: readonly Job[]): Promise<void> {
    const { client, context } = this.#standing.get();
    const patience = new Patience(context.runtime);
    for (const { pending } of jobs) pending.send();
    let isUnknown = false;
    while (jobs.some(({ pending }) => !pending.isSettled)) {
      try {
        const fate = isUnknown ? await this.#fate() : "not done";
        if (fate === "done") return;
        if (fate === "untellable") break;
        const drafts: MultiOperation[] = [];
        for (const { write } of jobs) drafts.push(...(await write.draft()));
        await client.multi([...drafts, this.#count()]);
        this.#version += 1;
        return;
      } catch (error) {
        if (hasCode(error, "UNKNOWN")) isUnknown = true;
        if (!this.#mayRepeat(error, isUnknown, jobs)) throw this.#giveUp(isUnknown, error);
        await patience.wait(error);
      }
    }
    throw this.#giveUp(isUnknown, new MeridianError("DEADLINE", "it was given up"));
  }

  #mayRepeat(error: unknown, isUnknown: boolean, jobs: readonly Job[]): boolean {
    if (this.#standing.isPassing(error)) return true;
    if (isOfRecord(error, "NODE_EXISTS", "BAD_VERSION")) return isUnknown;
    if (isOfRecord(error, "NO_NODE")) {
      // Nothing was written for longer than records live.
      if (!isUnknown) this.#forget();
      return !isUnknown;
    }
    const isConditional = jobs.some(({ write }) => write.isConditional);
    return isConditional && hasCode(error, "BAD_VERSION", "NODE_EXISTS");
  }

  /** The part of a write that makes it happen once. */
  #count(): MultiOperation {
    if (this.#version >= 0) {
      return { kind: "set", path: this.#record, data: "", version: this.#version };
    }
    if (this.#record === "") {
      const { runtime } = this.#standing.get().context;
      const name = Buffer.from(runtime.randomBytes(16)).toString("hex");
      this.#record = `${this.#folder}/${name}`;
    }
    return { kind: "create", path: this.#record, ttlMs: recordTtlMs, parents: true };
  }

  /** What became of a write. Looked up behind it, in the same session or later. */
  async #fate(): Promise<"done" | "not done" | "untellable"> {
    const { client } = this.#standing.get();
    const { stat } = await client.exists(this.#record, { consistency: "strict" });
    const version = stat?.version ?? -1;
    if (version === this.#version) return "not done";
    // Else somebody has taken the record away.
    if (version !== this.#version + 1) return "untellable";
    this.#version = version;
    return "done";
  }

  /** Nobody waits any more for what may still be done: the next write gets a record of its own. */
  #giveUp(isUnknown: boolean, error: unknown): unknown {
    if (!isUnknown) return error;
    this.#forget();
    return hasCode(error, "UNKNOWN") ? error : unknownFate("it cannot be looked up", error);
  }

  #forget(): void {
    this.#record = "";
    this.#version = -1;
  }
}

/** Whether it was the record that a multi failed at, its last part, with one of these codes. */
function isOfRecord(error: unknown, ...codes: readonly MeridianError["code"][]): boolean {
  const last = error instanceof MultiError ? error.parts.at(-1) : undefined;
  return last !== undefined && last !== "" && codes.includes(last);
}
