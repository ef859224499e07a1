import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

import type { ServerReport } from "../server/server.ts";
import type { PlannedProcess, Profile } from "./picture.ts";

/** How a process of a platform is started. */
export interface ProcessOptions {
  readonly plan: PlannedProcess;
  readonly profile: Profile;
  /** The program: path of bin/meridian.js. */
  readonly program: string;
  /** Configuration files of its nodes. */
  readonly configs: readonly string[];
  /** A file for each node that holds the process id while there is one. */
  readonly pidFiles: readonly string[];
  /** Where its output goes, appended. */
  readonly log: string;
}

/** What its owner is told of a process. */
export interface ProcessObserver {
  onSpawn(process: NodeProcess, pid: number): void;
  onExit(process: NodeProcess, exit: ProcessExit): void;
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** It was asked to, or killed on purpose. */
  readonly requested: boolean;
  /** When it is started again; undefined: not by itself. */
  readonly restartInMs: number | undefined;
  /** What it said about its failure to start. */
  readonly message: string | undefined;
}

/** First and longest pause before a crashed process is started again. */
const restartMsMin = 500;
const restartMsMax = 10_000;
/** A process that ran this long has recovered: the next crash counts as a first one. */
const healthyMs = 30_000;
/** Log files are rolled over once (to `.1`) above this size, at the start of a process. */
const logBytesMax = 16 * 1024 * 1024;

/**
 * Bounds of V8's heap. A small young generation keeps three dozen idle processes small; the old
 * generation is only a ceiling.
 */
const heapFlags: Readonly<Record<Profile, readonly string[]>> = {
  compact: ["--max-semi-space-size=8", "--max-old-space-size=1024"],
  full: ["--max-semi-space-size=4", "--max-old-space-size=512"],
};

/** One process of the platform: keeps it running unless it was stopped on purpose. */
export class NodeProcess {
  readonly plan: PlannedProcess;
  readonly log: string;
  readonly #options: ProcessOptions;
  readonly #observer: ProcessObserver;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #started: Promise<void> = Promise.resolve();
  /** True while it is meant to run. */
  #wanted = false;
  #restartMs = restartMsMin;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(options: ProcessOptions, observer: ProcessObserver) {
    this.plan = options.plan;
    this.log = options.log;
    this.#options = options;
    this.#observer = observer;
  }

  /** Process id; 0 when it does not run. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it unless it runs. Resolves when all its nodes have started, or have failed to. */
  start(): Promise<void> {
    this.#wanted = true;
    if (this.#child === undefined) this.#spawn();
    return this.#started;
  }

  /** kill -9, and stays down. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Asks it to stop; kills it when it has not after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    const gone = this.#end("SIGTERM");
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), graceMs);
    await gone;
    clearTimeout(timer);
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#restartTimer);
    this.#child?.kill(signal);
    return this.#exited;
  }

  #spawn(): void {
    const { program, configs, pidFiles, profile } = this.#options;
    rollOver(this.log);
    const output = openSync(this.log, "a");
    const flags = [...heapFlags[profile], program, "server"];
    const child = spawn(
      process.execPath,
      [...flags, ...configs.flatMap((config) => ["--config", config])],
      { stdio: ["ignore", output, output, "ipc"] },
    );
    closeSync(output);
    this.#child = child;
    const startedAtMs = performance.now();
    for (const file of pidFiles) writeFileSync(file, `${child.pid}\n`);
    if (child.pid !== undefined) this.#observer.onSpawn(this, child.pid);
    let failure: string | undefined;
    this.#started = new Promise((resolve) => {
      child.on("message", (report: ServerReport) => {
        if (report.kind === "failed") failure = report.message;
        resolve();
      });
      child.once("close", () => resolve());
    });
    this.#exited = new Promise((resolve) => {
      child.once("error", ({ message }) => {
        failure = message;
      });
      child.once("close", (code, signal) => {
        this.#child = undefined;
        for (const file of pidFiles) rmSync(file, { force: true });
        this.#onExit({ code, signal, failure, ranMs: performance.now() - startedAtMs });
        resolve();
      });
    });
  }

  #onExit(exit: {
    readonly code: number | null;
    readonly signal: string | null;
    readonly failure: string | undefined;
    readonly ranMs: number;
  }): void {
    if (exit.ranMs >= healthyMs) this.#restartMs = restartMsMin;
    const restartInMs = this.#wanted ? this.#restartMs : undefined;
    if (restartInMs !== undefined) {
      this.#restartMs = Math.min(restartMsMax, restartInMs * 2);
      this.#restartTimer = setTimeout(() => this.#spawn(), restartInMs);
    }
    this.#observer.onExit(this, {
      code: exit.code,
      signal: exit.signal,
      requested: !this.#wanted,
      restartInMs,
      message: exit.failure,
    });
  }
}

function rollOver(log: string): void {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) renameSync(log, `${log}.1`);
}
