import type { Meridian } from "@meridian/client";

import type { Random } from "../linearizability/support/random.ts";
import { deadlineMs } from "./counter.ts";
import type { Process } from "./recorder.ts";

/** The part of a client that is needed. */
type Client = Pick<Meridian, "create" | "get" | "set">;

/** Makes a register; before its first write it holds null. */
export async function prepareRegister(client: Client, path: string): Promise<void> {
  await client.create(path, "null", { parents: true });
}

/** A value that no other write of this run has, with the version it was found at. */
interface Found {
  readonly value: unknown;
  readonly version: number;
}

/** One process that reads, writes and exchanges the values of registers. */
export class RegisterClient {
  readonly #client: Client;
  readonly #process: Process;
  readonly #found = new Map<string, Found>();

  constructor(client: Client, process: Process) {
    this.#client = client;
    this.#process = process;
  }

  /** Does one thing or another. Whether it was a write and was acknowledged. */
  async any(path: string, random: Random): Promise<boolean> {
    const found = this.#found.get(path);
    const dice = random.next();
    if (dice < 0.45) return await this.read(path);
    if (dice < 0.7 || found === undefined) return await this.#write(path);
    return await this.#exchange(path, found);
  }

  /** Reads; false, as it writes nothing. */
  async read(path: string): Promise<false> {
    const outcome = await this.#process.perform(
      { f: "read", key: path, value: null },
      () => this.#client.get(path, { consistency: "strict", deadlineMs }),
      ({ text }) => JSON.parse(text) as unknown,
    );
    if (outcome.fate === "applied") {
      const { text, stat } = outcome.value;
      this.#found.set(path, { value: JSON.parse(text), version: stat.version });
    }
    return false;
  }

  async #write(path: string): Promise<boolean> {
    const value = newValue();
    const outcome = await this.#process.perform(
      { f: "write", key: path, value },
      () => this.#client.set(path, JSON.stringify(value), { deadlineMs }),
      () => value,
    );
    if (outcome.fate !== "applied") return false;
    this.#found.set(path, { value, version: outcome.value.stat.version });
    return true;
  }

  /**
   * No two writes have the same value, so that a version stands for a value: a write that is bound
   * to the version at which a value was found exchanges that value.
   */
  async #exchange(path: string, { value: old, version }: Found): Promise<boolean> {
    const value = newValue();
    const outcome = await this.#process.perform(
      { f: "cas", key: path, value: [old, value] },
      () => this.#client.set(path, JSON.stringify(value), { version, deadlineMs }),
      () => [old, value],
    );
    this.#found.delete(path);
    if (outcome.fate !== "applied") return false;
    this.#found.set(path, { value, version: outcome.value.stat.version });
    return true;
  }
}

let written = 0;

function newValue(): number {
  written += 1;
  return written;
}
