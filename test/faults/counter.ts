import type { Meridian } from "@meridian/client";

import { outcomeOf, type Outcome, type Recorder } from "./recorder.ts";

/** The part of a client that is needed. */
type Client = Pick<Meridian, "create" | "get" | "set">;

/** Bounds of one operation of the workload: shorter than a takeover may last. */
export const deadlineMs = 6_000;

/** A number that is counted up by compare-and-set. */
export class Counter {
  readonly path: string;
  #acknowledged = 0;
  #unknown = 0;

  constructor(path: string) {
    this.path = path;
  }

  async prepare(client: Client): Promise<void> {
    await client.create(this.path, "0", { parents: true });
  }

  /** Reads it and writes one more if nobody was faster. Whether it was acknowledged. */
  async increment(client: Client, recorder: Recorder): Promise<boolean> {
    const outcome = await outcomeOf(async () => {
      const { text, stat } = await client.get(this.path, { consistency: "strict", deadlineMs });
      return { next: Number(text) + 1, version: stat.version };
    });
    if (outcome.fate !== "applied") return false;
    const { next, version } = outcome.value;
    const written = await outcomeOf(() => {
      return client.set(this.path, String(next), { version, deadlineMs });
    });
    recorder.count(written);
    this.#note(written);
    return written.fate === "applied";
  }

  /** What is wrong with its value; empty when every acknowledged increment counts once. */
  async broken(reader: Client): Promise<readonly string[]> {
    const { text } = await reader.get(this.path, { consistency: "strict" });
    const value = Number(text);
    const least = this.#acknowledged;
    const most = least + this.#unknown;
    if (value >= least && value <= most) return [];
    return [`${this.path} is ${text}, but must be between ${least} and ${most}`];
  }

  #note({ fate }: Outcome<unknown>): void {
    if (fate === "applied") this.#acknowledged += 1;
    else if (fate === "unknown") this.#unknown += 1;
  }
}
