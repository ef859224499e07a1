import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";

/** The directory of a local platform: where each file of it is. All paths are absolute. */
export class PlatformDirectory {
  readonly path: string;
  #claimed = false;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get topology(): string {
    return join(this.path, "topology.yaml");
  }

  config(node: string): string {
    return join(this.#node(node), "config.yaml");
  }

  data(node: string): string {
    return join(this.#node(node), "data");
  }

  pid(node: string): string {
    return join(this.#node(node), "pid");
  }

  log(process: string): string {
    return join(this.path, "logs", `${process}.log`);
  }

  /** Makes the directories of a node and of the logs. */
  prepare(node: string): void {
    mkdirSync(this.#node(node), { recursive: true });
    mkdirSync(join(this.path, "logs"), { recursive: true });
  }

  /**
   * Claims the directory for this process until `release`; a claim whose process is gone is void.
   * @throws {CommandError} IN_USE when another platform runs on it.
   */
  claim(): void {
    mkdirSync(this.path, { recursive: true });
    const own = JSON.stringify(identityOf(process.pid));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        writeFileSync(this.#lock, own, { flag: "wx" });
        this.#claimed = true;
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = this.#holder();
      if (holder !== undefined) {
        const message =
          `a local platform runs on ${this.path} already (process ${holder}); ` +
          "stop it, or choose another directory with --data";
        throw new CommandError(exitCodes.failure, "IN_USE", message);
      }
      rmSync(this.#lock, { force: true });
    }
    throw new CommandError(exitCodes.failure, "IN_USE", `${this.path} was just claimed by another`);
  }

  /** Whether this object holds the claim. */
  get claimed(): boolean {
    return this.#claimed;
  }

  /** Gives the claim back, if there is one. */
  release(): void {
    if (this.#claimed) rmSync(this.#lock, { force: true });
    this.#claimed = false;
  }

  get #lock(): string {
    return join(this.path, "lock");
  }

  #node(name: string): string {
    return join(this.path, "nodes", name);
  }

  /** The live process that the lock names, if any. */
  #holder(): number | undefined {
    let claimed: Partial<ProcessIdentity>;
    try {
      claimed = JSON.parse(readFileSync(this.#lock, "utf8")) as Partial<ProcessIdentity>;
    } catch {
      return undefined;
    }
    if (claimed.pid === undefined || !isAlive(claimed.pid)) return undefined;
    // The same number can belong to a later process: then it was started at another time.
    return identityOf(claimed.pid).startTicks === claimed.startTicks ? claimed.pid : undefined;
  }
}

/** A process, told apart from later ones of the same number where the system allows. */
interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot; 0 where /proc does not tell. */
  readonly startTicks: number;
}

function identityOf(pid: number): ProcessIdentity {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold blanks: fields are counted from behind it. proc(5), field
    // 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid, startTicks: Number(fields[19]) };
  } catch {
    return { pid, startTicks: 0 };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
