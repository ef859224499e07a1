import { type ChildProcess, fork } from "node:child_process";
import type { Outcome } from "./scenario.ts";
import type { Assignment, Report } from "./worker.ts";

/** What a fleet of workers runs. */
export interface FleetOptions {
  readonly scenario: string;
  /** Both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly workers: number;
  /** A seed that takes longer has failed, and its worker is ended. Real time. */
  readonly seedMsMax: number;
  /** For each seed, in any order. True: enough, no more is to be run. */
  readonly onOutcome: (outcome: Outcome) => boolean;
  /** Arguments of node before the worker's file. */
  readonly nodeArguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The workers print every event. */
  readonly events?: boolean;
}

/** Seeds that a worker gets at a time: enough to be busy, few enough to end together. */
const chunkSeeds = 10;
const errorCharactersMax = 8_000;

interface Crew {
  readonly child: ChildProcess;
  /** What it has to do yet; undefined: it waits or it is gone. */
  todo: { next: number; readonly to: number } | undefined;
  /** What it wrote to its standard error, the end of it. */
  errors: string;
  timer: NodeJS.Timeout | undefined;
}

/** Child processes that share a range of seeds. A worker that dies or hangs costs its seed only. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #crews = new Set<Crew>();
  #next: number;
  #over = false;
  #done: () => void = () => undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#next = options.from;
  }

  /** Resolves when all seeds are run, or enough of them. */
  async run(): Promise<void> {
    const { from, to, workers } = this.#options;
    const count = Math.min(workers, Math.ceil((to - from + 1) / chunkSeeds));
    const done = new Promise<void>((resolve) => (this.#done = resolve));
    for (let made = 0; made < count; made += 1) this.#launch(undefined);
    await done;
  }

  /** Ends all workers now. */
  stop(): void {
    this.#over = true;
    for (const crew of this.#crews) this.#dismiss(crew);
    this.#settle();
  }

  #launch(todo: Crew["todo"]): void {
    const { nodeArguments, environment, events } = this.#options;
    const child = fork(`${import.meta.dirname}/worker.ts`, {
      execArgv: [...nodeArguments],
      stdio: ["ignore", events === true ? "inherit" : "ignore", "pipe", "ipc"],
      env: { ...process.env, ...environment },
    });
    const crew: Crew = { child, todo: undefined, errors: "", timer: undefined };
    this.#crews.add(crew);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      crew.errors = (crew.errors + text).slice(-errorCharactersMax);
    });
    child.on("message", (report: Report) => this.#onReport(crew, report));
    child.on("close", (code, signal) => {
      this.#lose(crew, `the worker ended with ${signal ?? `status ${code}`}`);
    });
    child.on("error", (error) => this.#lose(crew, `the worker failed: ${error.message}`));
    this.#assign(crew, todo);
  }

  #assign(crew: Crew, left: Crew["todo"]): void {
    const { scenario, to: end, events = false } = this.#options;
    if (left === undefined && this.#next > end) {
      this.#dismiss(crew);
      return this.#settle();
    }
    const from = left?.next ?? this.#next;
    const to = left?.to ?? Math.min(end, from + chunkSeeds - 1);
    if (left === undefined) this.#next = to + 1;
    crew.todo = { next: from, to };
    const assignment: Assignment = { scenario, from, to, events };
    crew.child.send(assignment);
    this.#guard(crew);
  }

  #onReport(crew: Crew, { outcome, broken }: Report): void {
    const { todo } = crew;
    if (todo === undefined || this.#over) return;
    todo.next = outcome.seed + 1;
    if (this.#options.onOutcome(outcome)) return this.stop();
    if (broken) this.#replace(crew, todo);
    else if (todo.next > todo.to) this.#assign(crew, undefined);
    else this.#guard(crew);
  }

  /** The next seed must be done in time. */
  #guard(crew: Crew): void {
    const { seedMsMax } = this.#options;
    clearTimeout(crew.timer);
    crew.timer = setTimeout(() => {
      this.#lose(crew, `the seed was not done within ${seedMsMax / 1000} s`);
    }, seedMsMax);
  }

  /** A worker is gone, or as good as gone: its seed has failed, another does the rest. */
  #lose(crew: Crew, why: string): void {
    const { todo, errors } = crew;
    if (!this.#crews.has(crew)) return;
    this.#dismiss(crew);
    if (todo === undefined || this.#over) return this.#settle();
    const error = errors === "" ? why : `${why}\n${errors}`;
    const failure = { error, setup: [], lastEvents: [] };
    const outcome: Outcome = { seed: todo.next, hash: "", counts: {}, failure };
    if (this.#options.onOutcome(outcome)) return this.stop();
    this.#replace(crew, { next: todo.next + 1, to: todo.to });
  }

  /** Another worker does what is left. */
  #replace(crew: Crew, rest: NonNullable<Crew["todo"]>): void {
    this.#dismiss(crew);
    if (rest.next <= rest.to) this.#launch(rest);
    else if (this.#next <= this.#options.to) this.#launch(undefined);
    this.#settle();
  }

  #settle(): void {
    if (this.#crews.size === 0 && (this.#over || this.#next > this.#options.to)) this.#done();
  }

  #dismiss(crew: Crew): void {
    clearTimeout(crew.timer);
    crew.todo = undefined;
    this.#crews.delete(crew);
    crew.child.kill("SIGKILL");
  }
}
