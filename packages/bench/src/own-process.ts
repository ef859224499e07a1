import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** What is run, and how it is bound to this process. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** With a channel to this process, by which it notices its end. */
  readonly hasChannel: boolean;
}

/** A process whose output goes to a file, and which does not outlive the exit of this one. */
export class OwnProcess {
  readonly #log: string;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  readonly #onExit = (): void => this.signal("SIGKILL");

  /** `log`: file that its output is added to. */
  constructor(log: string) {
    this.#log = log;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it, again after it has ended. */
  start({ program, args, hasChannel }: Command): void {
    const output = openSync(this.#log, "a");
    const stdio: StdioOptions = ["ignore", output, output, ...(hasChannel ? ["ipc" as const] : [])];
    const child = spawn(program, args, { stdio });
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

  /** Nothing while it does not run. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it at once. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#exited;
  }
}
