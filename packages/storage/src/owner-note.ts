import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/**
 * A file that says which process has the directory, for whoever is refused. It is no lock: level
 * has that.
 */
export class OwnerNote {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, "owner.json");
  }

  async write(): Promise<void> {
    const since = new Date().toISOString();
    const owner: Owner = { pid: process.pid, host: hostname(), since };
    await writeFile(this.#path, `${JSON.stringify(owner)}\n`);
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** In words. */
  async describe(): Promise<string> {
    const owner = await this.#read();
    if (owner === undefined) return "another process";
    return `process ${owner.pid} on ${owner.host} since ${owner.since}`;
  }

  /** Whether the process is probably still there. */
  async isAlive(): Promise<boolean> {
    const owner = await this.#read();
    if (owner === undefined || owner.host !== hostname()) return false;
    // In a container the process that was killed had the same number.
    if (owner.pid === process.pid) return Date.parse(owner.since) >= performance.timeOrigin;
    try {
      return process.kill(owner.pid, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  }

  async #read(): Promise<Owner | undefined> {
    try {
      return JSON.parse(await readFile(this.#path, "utf8")) as Owner;
    } catch {
      return undefined;
    }
  }
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}
