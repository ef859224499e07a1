import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";

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
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  readonly #onExit = (): void => void this.#child?.kill("SIGKILL");

  constructor(options: PeerServerOptions) {
    this.name = options.name;
    this.address = options.address;
    this.data = options.data;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last lines that it printed. */
  get lastWords(): string {
    const { log } = this.#options;
    if (!existsSync(log)) return "";
    return readFileSync(log, "utf8").trimEnd().split("\n").slice(-keptLines).join("\n");
  }

  start(): void {
    const { command, args, log } = this.#options;
    const output = openSync(log, "a");
    const stdio = ["ignore", output, output] as const;
    const child = existsSync(guard)
      ? spawn(guard, [...guardArgs, command, ...args], { stdio: [...stdio] })
      : spawn(command, args, { stdio: [...stdio] });
    closeSync(output);
    process.once("exit", this.#onExit);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("error", resolve);
      child.once("close", resolve);
    }).finally(() => {
      process.off("exit", this.#onExit);
      if (this.#child === child) this.#child = undefined;
    });
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }
}
