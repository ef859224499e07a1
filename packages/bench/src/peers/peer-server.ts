import { existsSync, readFileSync } from "node:fs";

import { OwnProcess } from "../own-process.ts";
import type { ServerProcess } from "../system.ts";

/** Of util-linux. Tells the kernel to end a server when whoever started it is killed. */
const guard = "/usr/bin/setpriv";
const guardArgs = ["--pdeathsig", "KILL", "--"];

/** Lines of a server's output that explain why it does not start. */
const keptLines = 20;

/** What a server is run by. */
export interface PeerServerOptions {
  readonly name: string;
  /** host:port for clients. */
  readonly address: string;
  /** Directory of its data. */
  readonly data: string;
  /** File that its output goes to. */
  readonly log: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** A server of somebody else's making, in a process that ends with this one. */
export class PeerServer implements ServerProcess {
  readonly name: string;
  readonly address: string;
  readonly data: string;
  readonly #options: PeerServerOptions;
  readonly #process: OwnProcess;

  constructor(options: PeerServerOptions) {
    this.name = options.name;
    this.address = options.address;
    this.data = options.data;
    this.#options = options;
    this.#process = new OwnProcess(options.log);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The last lines that it printed. */
  get lastWords(): string {
    const { log } = this.#options;
    if (!existsSync(log)) return "";
    return readFileSync(log, "utf8").trimEnd().split("\n").slice(-keptLines).join("\n");
  }

  start(): void {
    const { command, args } = this.#options;
    const line = existsSync(guard)
      ? { program: guard, args: [...guardArgs, command, ...args] }
      : { program: command, args };
    this.#process.start({ ...line, hasChannel: false });
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}
