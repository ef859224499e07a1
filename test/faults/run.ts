import { setTimeout as sleep } from "node:timers/promises";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Judgement, judge } from "../linearizability/judge.ts";
import { Platform } from "../system/support/platform.ts";
import type { Scratch } from "../system/support/scratch.ts";
import { Fleet } from "./fleet.ts";
import { type InForce, Injector } from "./injector.ts";
import { type Gap, Pulse } from "./pulse.ts";
import { Recorder, type Tally } from "./recorder.ts";
import { RegisterClient } from "./register-client.ts";
import { type Fault, requiredKinds, schedule, writtenRegions } from "./schedule.ts";
import { type Caller, Workload } from "./workload.ts";

/** What a run is. */
export interface RunOptions {
  /** Decides the faults, and what the processes begin with. */
  readonly seed: number;
  /** How long faults begin; those that every run must have are done in any case. */
  readonly seconds: number;
  /** `full`: a process for every node. `compact`: one for every site, which is hit as a whole. */
  readonly profile: "compact" | "full";
  /** A directory of its own: data, logs, history and report. */
  readonly scratch: Scratch;
  /** Takes a line of progress. */
  readonly say: (line: string) => void;
}

/** A fault that was done. */
interface DoneFault {
  readonly kind: Fault["kind"];
  readonly what: string;
  /** Since the start of the workload. */
  readonly fromMs: number;
  readonly toMs: number;
  /** From its end until every node served and followed. */
  readonly healedMs: number;
}

/** What came of a run. */
export interface Report {
  readonly seed: number;
  readonly elapsedMs: number;
  readonly faults: readonly DoneFault[];
  readonly operations: Tally;
  readonly strictWrites: number;
  /** No fault of a run takes the quorum of the strict tier away, so that all of it counts. */
  readonly longestStrictGap: Gap;
  readonly registers: Judgement;
  readonly locks: Judgement;
  /** Everything that was not as promised, the verdict among it; empty: the run passed. */
  readonly broken: readonly string[];
  readonly history: string;
}

/** Time within which a strict write has to succeed, whatever region dies. */
const strictGapMsMax = 15_000;
/** Time within which everything has to be whole again after a fault. */
const wholeMsMax = 90_000;
/** Time for each of the judgements. */
const judgeLimit = { ms: 60_000 };
/** Of those who take locks: so short that faults outlast it. */
const sessionTimeoutMs = 5_000;
const progressMs = 10_000;

/** Runs a checked workload on a platform of its own while faults go on, and judges what it saw. */
export async function run(options: RunOptions): Promise<Report> {
  await using platform = await Platform.start(options.scratch, { profile: options.profile });
  const history = join(options.scratch.path, "history.jsonl");
  using recorder = new Recorder(history);
  using locks = new Recorder(join(options.scratch.path, "locks.jsonl"));
  const [address = ""] = platform.endpoints["regional"]?.["eu-west"] ?? [];
  const fleet = await Fleet.at(address);
  const report = await new Run(options, { platform, fleet }, { recorder, locks, history }).run();
  writeFileSync(join(options.scratch.path, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

interface Records {
  readonly recorder: Recorder;
  readonly locks: Recorder;
  /** File of the recorder. */
  readonly history: string;
}

class Run {
  readonly #options: RunOptions;
  readonly #platform: Platform;
  readonly #recorder: Recorder;
  readonly #locks: Recorder;
  readonly #history: string;
  readonly #fleet: Fleet;
  readonly #injector: Injector;
  readonly #faults: DoneFault[] = [];
  readonly #broken: string[] = [];
  #startedMs = 0;
  #now = "calm";

  constructor(
    options: RunOptions,
    { platform, fleet }: { readonly platform: Platform; readonly fleet: Fleet },
    { recorder, locks, history }: Records,
  ) {
    this.#options = options;
    this.#platform = platform;
    this.#recorder = recorder;
    this.#locks = locks;
    this.#history = history;
    this.#fleet = fleet;
    this.#injector = new Injector(platform, fleet);
  }

  async run(): Promise<Report> {
    const { seed, say } = this.#options;
    const callers = await this.#callers(["us-east", "eu-central", ...writtenRegions, "eu-west"]);
    const lockers = await this.#callers(["us-east", ...writtenRegions], { sessionTimeoutMs });
    this.#startedMs = performance.now();
    const strict = new Pulse(this.#startedMs);
    const records = { recorder: this.#recorder, locks: this.#locks };
    const workload = new Workload({ callers, lockers, ...records, strict, seed });
    await workload.start();
    const progress = setInterval(() => say(this.#progress(strict)), progressMs);
    try {
      await this.#injectAll();
    } finally {
      clearInterval(progress);
      await workload.stop();
    }
    const endedMs = performance.now();
    const longestStrictGap = strict.longest(endedMs);
    const judgements = await this.#check(workload);
    this.#blameGap(longestStrictGap);
    this.#blameIdleness();
    this.#blameCrashes();
    return {
      seed,
      elapsedMs: Math.round(endedMs - this.#startedMs),
      faults: this.#faults,
      operations: this.#recorder.tally,
      strictWrites: strict.count,
      longestStrictGap,
      ...judgements,
      broken: this.#broken,
      history: this.#history,
    };
  }

  async #callers(
    regions: readonly string[],
    options: { readonly sessionTimeoutMs?: number } = {},
  ): Promise<readonly Caller[]> {
    return await Promise.all(
      regions.map(async (region) => {
        return { region, client: await this.#platform.connect(region, options) };
      }),
    );
  }

  async #injectAll(): Promise<void> {
    const { seed, seconds } = this.#options;
    for (const { fault, holdMs, calmMs } of schedule(seed, seconds < 60)) {
      const isOver = this.#elapsedMs() + holdMs > seconds * 1_000;
      if (isOver && this.#missing().length === 0) return;
      const inForce = await this.#injector.begin(fault);
      const fromMs = this.#elapsedMs();
      this.#now = inForce.what;
      this.#options.say(`${clock(fromMs)} ${inForce.what}`);
      await this.#hold(inForce, holdMs);
      const toMs = this.#elapsedMs();
      const lacks = await this.#fleet.untilWhole(wholeMsMax, (broken) => {
        this.#now = `healing after ${inForce.what}: ${broken}`;
      });
      const healedMs = Math.round(this.#elapsedMs() - toMs);
      this.#faults.push({ kind: fault.kind, what: inForce.what, fromMs, toMs, healedMs });
      if (lacks !== "") {
        this.#broken.push(`not whole ${wholeMsMax} ms after ${inForce.what}: ${lacks}`);
        return;
      }
      this.#now = "calm";
      await sleep(calmMs);
    }
  }

  /** A fault ends even when waiting for its end fails: a stopped process would stay stopped. */
  async #hold({ end }: InForce, holdMs: number): Promise<void> {
    try {
      await sleep(holdMs);
    } finally {
      await end();
    }
  }

  /** Reads everything once more, and judges. */
  async #check(workload: Workload): Promise<Pick<Report, "locks" | "registers">> {
    const reader = await this.#platform.connect("eu-west");
    const registers = new RegisterClient(reader, this.#recorder.process());
    for (const key of workload.keys) await registers.read(key);
    for (const counter of workload.counters) this.#broken.push(...(await counter.broken(reader)));
    for (const set of workload.sets) this.#broken.push(...(await set.broken(reader)));
    return {
      registers: this.#judge("registers", judge(this.#recorder.events, "register", judgeLimit)),
      locks: this.#judge("locks", judge(this.#locks.events, "mutex", judgeLimit)),
    };
  }

  #judge(what: string, judgement: Judgement): Judgement {
    const { verdict, explanation } = judgement;
    if (verdict !== "linearizable") this.#broken.push(`the ${what} are ${verdict}: ${explanation}`);
    return judgement;
  }

  #blameGap({ fromMs, toMs }: Gap): void {
    if (toMs - fromMs <= strictGapMsMax) return;
    this.#broken.push(`no strict write between ${clock(fromMs)} and ${clock(toMs)}`);
  }

  /** A run without the faults that it is for shows nothing. */
  #blameIdleness(): void {
    const missing = this.#missing();
    if (missing.length > 0) this.#broken.push(`these faults were not done: ${missing.join(", ")}`);
  }

  /** The platform starts again whatever ends, so that a crash would go unseen. */
  #blameCrashes(): void {
    for (const event of this.#platform.events.of("process-exited")) {
      const { process, code, signal, requested } = event;
      if (requested === true || signal === "SIGKILL") continue;
      this.#broken.push(
        `${String(process)} ended by itself: ${String(signal ?? code)}; see its log`,
      );
    }
  }

  /** Faults that every run must have and this one has not had yet. */
  #missing(): readonly string[] {
    const done = new Set(this.#faults.map(({ kind }) => kind));
    return requiredKinds.filter((kind) => !done.has(kind));
  }

  #progress(strict: Pulse): string {
    const { applied, refused, unknown } = this.#recorder.tally;
    const done = `${applied} done, ${refused} refused, ${unknown} unknown`;
    return `${clock(this.#elapsedMs())} ${done}; ${strict.count} strict writes; ${this.#now}`;
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }
}

/** A time since the start, for readers. */
function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(6)} s`;
}
