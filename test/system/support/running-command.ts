import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

import { settlesWithin, until } from "./condition.ts";
import { cleanEnvironment, program } from "./program.ts";

/** `meridian` while it runs: what it has printed so far, and its end. */
export class RunningCommand implements AsyncDisposable {
  /** Exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  stdout = "";
  stderr = "";
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [program, ...args], {
      env: { ...cleanEnvironment(), ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stdout.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", resolve);
    });
  }

  /** Whole lines that it has printed. */
  get lines(): readonly string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  /** Waits until it has printed so many lines, and gives them. */
  async untilLines(count: number, deadlineMs = 20_000): Promise<readonly string[]> {
    return await until(`${count} lines of\n${this.stdout}${this.stderr}`, deadlineMs, () => {
      return this.lines.length >= count ? this.lines : undefined;
    });
  }

  /** Takes nothing from its pipe until `resume`, as a pager does that nobody looks at. */
  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    if (!(await settlesWithin(this.ended, 5_000))) this.#child.kill("SIGKILL");
  }
}
