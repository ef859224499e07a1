import { spawn } from "node:child_process";

import { until } from "./condition.ts";
import { cleanEnvironment } from "./program.ts";

const lineMsMax = 60_000;

/** What a line printed, and how it ended. */
export interface LineEnd {
  readonly output: string;
  readonly code: number;
}

/**
 * One bash for many lines, as a person has: what runs in the background stays there, and is ended
 * with it.
 */
export class Shell implements Disposable {
  readonly #child: ReturnType<typeof spawn>;
  #output = "";
  #count = 0;

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#child = spawn("bash", ["--noprofile", "--norc"], {
      cwd: folder,
      env: { ...cleanEnvironment(), ...environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  /** Everything printed so far, also by what runs in the background. */
  get output(): string {
    return this.#output;
  }

  /** Types a line and waits for its end. */
  async run(line: string): Promise<LineEnd> {
    this.#count += 1;
    const mark = `--- end of line ${this.#count}:`;
    const from = this.#output.length;
    this.#child.stdin?.write(`${line}\necho "${mark} $?"\n`);
    return await until(`the end of ${line}`, lineMsMax, () => {
      const output = this.#output.slice(from);
      const code = new RegExp(`${mark} (\\d+)`).exec(output)?.[1];
      return code === undefined ? undefined : { output, code: Number(code) };
    });
  }

  /** Ends the shell and everything that it started. */
  [Symbol.dispose](): void {
    const { pid } = this.#child;
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  }
}
