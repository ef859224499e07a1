import { type ChildProcess, fork } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { LoaderPlan } from "./loader.ts";
import { newTally, type Tally } from "./raw-session.ts";

const program = fileURLToPath(new URL("loader.ts", import.meta.url));

/** A process with many sessions, seen from outside. */
export class Load {
  readonly sessions: number;
  readonly watches: number;
  #tally: Tally = newTally();
  readonly #child: ChildProcess;

  constructor(plan: LoaderPlan) {
    this.sessions = plan.sessions.length;
    this.watches = plan.sessions.reduce((sum, { watches }) => sum + watches.length, 0);
    const execArgv = ["--import", "tsx", "--max-old-space-size=4096"];
    this.#child = fork(program, [], { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    if (this.#child.pid !== undefined) setPriority(this.#child.pid, plan.niceness);
    this.#child.on("message", (tally) => (this.#tally = tally as Tally));
    this.#child.send(plan);
  }

  /** As it was told last, a quarter of a second ago at most. */
  get tally(): Tally {
    return this.#tally;
  }

  /** All sessions are welcomed, and all watches run. */
  get isComplete(): boolean {
    return this.#tally.attached === this.sessions && this.#tally.watching === this.watches;
  }

  /** Kills the process: its clients say no goodbye. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
