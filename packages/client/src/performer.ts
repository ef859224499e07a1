import { MeridianError, type MeridianErrorCode } from "@meridian/wire";
import type { Directory } from "./directory.ts";
import { Hedging, type Attempt } from "./hedge.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { Settle, Submission } from "./pending.ts";
import { readMajority, type Outcome } from "./quorum.ts";
import { consistencyNumber } from "./receipt.ts";
import type { DraftRequest } from "./request.ts";
import { multiError, type Answer } from "./result.ts";
import {
  defaultConsistency,
  GLOBAL,
  originsOf,
  ownerOf,
  quorumOf,
  readSteps,
  type ReadConsistency,
  type Step,
} from "./route.ts";
import type { Runtime } from "./runtime.ts";
import type { ZonePolicy } from "./zone-table.ts";

/** What every operation may be told. */
export interface OperationOptions {
  /** From now; default 10 s, and 15 s for what the global tier has to do. */
  readonly deadlineMs?: number | undefined;
  /** Gives the operation up. A write that was sent then ends with UNKNOWN. */
  readonly signal?: AbortSignal | undefined;
}

/** A read on its way: what to ask and how fresh it has to be. */
export interface Reading extends OperationOptions {
  readonly path: string;
  readonly consistency: ReadConsistency | undefined;
  readonly maxStalenessMs: number | undefined;
  /** An eventual read asks the next place as well after this long. */
  readonly hedgeMs?: number | "auto" | undefined;
  /** A new draft of the request: each step sends its own. */
  draft(): DraftRequest;
}

/** What the performer needs of its client. */
export interface PerformerContext {
  readonly runtime: Runtime;
  readonly lanes: Lanes;
  readonly deadlineMs: number;
  readonly strictDeadlineMs: number;
  /** For eventual reads that do not say. */
  readonly hedgeMs: number | "auto" | undefined;
  directory(): Directory;
  refreshTopology(): void;
}

/** Answers that say "not here": the next step may do better. */
const passedOn = new Set<MeridianErrorCode>([
  "STALE",
  "NOT_LEADER",
  "OVERLOADED",
  "GLOBAL_UNAVAILABLE",
  "REGION_UNAVAILABLE",
  "MOVED",
  "RESIDENCY_DENIED",
  "UNSUPPORTED",
  "SESSION_EXPIRED",
  "DEADLINE",
  "UNKNOWN",
]);
/** Owners that a path may have had one after the other while we looked. */
const redirectsMax = 3;
/**
 * Pauses when clusters name each other, or one that is not known here: a change of the zones takes
 * a while to get around.
 */
const disagreementMinMs = 50;
const disagreementMaxMs = 1_000;
/**
 * Longest wait for a step while others are left: a mirror that has just begun may take its time to
 * arrive where the caller has been, and the next step is fresher.
 */
const stepMsMax = 2_000;

/** Carries operations out: finds the cluster of a write, and takes a read from step to step. */
export class Performer {
  readonly #context: PerformerContext;
  readonly #hedging: Hedging;

  constructor(context: PerformerContext) {
    this.#context = context;
    this.#hedging = new Hedging(context.runtime);
  }

  /** The policy that holds for a path. */
  policyOf(path: string): ZonePolicy {
    if (!path.startsWith("/")) throw new MeridianError("BAD_PATH", `"${path}" is not absolute`);
    // As UTF-8 it would become another path.
    if (/\p{Surrogate}/u.test(path)) throw new MeridianError("BAD_PATH", "half of a character");
    return this.#context.directory().zones.policyOf(path);
  }

  /**
   * The cluster that takes the writes of a path.
   * @throws {MeridianError} REGION_UNAVAILABLE for a region that is not known: a path can name any.
   */
  ownerOf(path: string): string {
    return this.#ownerUnder(this.policyOf(path), path);
  }

  #ownerUnder(policy: ZonePolicy, path: string): string {
    const directory = this.#context.directory();
    const owner = ownerOf(policy, directory);
    if (directory.has(owner)) return owner;
    this.#context.refreshTopology();
    throw new MeridianError(
      "REGION_UNAVAILABLE",
      `${path} belongs to ${owner}, which is not known`,
    );
  }

  /** Writes, at the cluster that owns the path. */
  write(path: string, request: DraftRequest, options: OperationOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const policy = this.policyOf(path);
      const owner = this.#ownerUnder(policy, path);
      const deadlineAtMs = this.#deadlineAtMs(policy, options);
      const pauseMs = disagreementMinMs;
      const write = { path, request, options, deadlineAtMs, pauseMs, resolve, reject };
      this.#writeAt(owner, write, redirectsMax);
    });
  }

  /** Reads, at the first step that can answer. */
  read(reading: Reading): Promise<Answer> {
    return new Promise((resolve) => {
      reading.signal?.throwIfAborted();
      const policy = this.policyOf(reading.path);
      const { consistency } = reading;
      const deadlineAtMs = this.#deadlineAtMs(policy, reading);
      if (consistency === "quorum") {
        resolve(this.#readQuorum(policy, reading, deadlineAtMs));
        return;
      }
      const plan = (now: ZonePolicy): readonly Step[] => {
        this.#ownerUnder(now, reading.path);
        return readSteps(now, consistency ?? defaultConsistency(now), this.#context.directory());
      };
      const steps = plan(policy);
      const [first] = steps;
      if (first === undefined || this.#isHedged(steps, policy, reading)) {
        resolve(this.#readUntil(plan, reading, deadlineAtMs));
        return;
      }
      // Nearly all reads end with the first answer: they take one promise and not six.
      const limits = this.#limitsOf(steps.length, deadlineAtMs);
      const settle: Settle = (error, response, link) => {
        if (error === undefined && response !== undefined && link !== undefined) {
          resolve({ response, link, owner: ownerOf(policy, this.#context.directory()) });
        } else {
          const begun = { steps, outcome: { error, response, link } };
          resolve(this.#readUntil(plan, reading, deadlineAtMs, begun));
        }
      };
      this.#submit(first, policy, reading, limits, settle);
    });
  }

  /** Asks the owner of a path, in the order of the session's writes if there is one. */
  async readOwner(reading: Reading): Promise<Answer> {
    reading.signal?.throwIfAborted();
    const plan = (now: ZonePolicy): readonly Step[] => {
      const cluster = this.ownerOf(reading.path);
      const consistency = now.consistency === "eventual" ? "regional" : "strict";
      return [{ destination: { kind: "cluster", cluster }, consistency }];
    };
    const deadlineAtMs = this.#deadlineAtMs(this.policyOf(reading.path), reading);
    return await this.#readUntil(plan, reading, deadlineAtMs);
  }

  #deadlineAtMs(policy: ZonePolicy, options: OperationOptions): number {
    const { runtime, deadlineMs, strictDeadlineMs } = this.#context;
    const ownMs = policy.consistency === "strict" ? strictDeadlineMs : deadlineMs;
    const allowedMs = options.deadlineMs ?? ownMs;
    if (!(allowedMs > 0)) throw new MeridianError("BAD_ARGUMENTS", "deadlineMs must be positive");
    return runtime.nowMs() + allowedMs;
  }

  #writeAt(owner: string, write: Write, redirects: number): void {
    const { options, deadlineAtMs, resolve, reject } = write;
    const settle: Settle = (error, response, link) => {
      if (error === undefined && response !== undefined && link !== undefined) {
        resolve({ response, link, owner });
        return;
      }
      const next = error?.code === "MOVED" && redirects > 0 ? this.#nextOwner(error) : undefined;
      if (next !== undefined && next !== owner) {
        // The one that was sent belongs to its stream.
        this.#writeAt(next, { ...write, request: { ...write.request } }, redirects - 1);
      } else if (error?.code === "MOVED") {
        this.#writeLater(error, write).catch(reject);
      } else {
        reject(reasonOf(multiError(error ?? unanswered(), response), options.signal));
      }
    };
    const { request } = write;
    const submission = { request, isWrite: true, deadlineAtMs, isFinal: true, origins: [], settle };
    submitUntil(options.signal, this.#context.lanes.session(owner), submission);
  }

  /** Nobody owned up to the path: looks for its owner again after a while. */
  async #writeLater(error: MeridianError, write: Write): Promise<void> {
    const { path, request, options, deadlineAtMs, pauseMs } = write;
    const { signal } = options;
    if (!(await this.#disagree(pauseMs, deadlineAtMs, signal))) {
      throw reasonOf(this.#unowned(path, error), signal);
    }
    const again = { ...write, request: { ...request }, pauseMs: longer(pauseMs) };
    this.#writeAt(this.ownerOf(path), again, redirectsMax);
  }

  /** Gives clusters time to agree on an owner. False: there is none left. */
  async #disagree(
    pauseMs: number,
    deadlineAtMs: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { runtime } = this.#context;
    this.#context.refreshTopology();
    const waitMs = Math.min(pauseMs * (0.5 + runtime.random() / 2), deadlineAtMs - runtime.nowMs());
    if (waitMs > 0 && signal?.aborted !== true) await pause(runtime, waitMs, signal);
    return runtime.nowMs() < deadlineAtMs && signal?.aborted !== true;
  }

  /** What callers hear in place of "moved", which is for those who find the way. */
  #unowned(path: string, cause: MeridianError): MeridianError {
    const owner = ownerOf(this.policyOf(path), this.#context.directory());
    const code = owner === GLOBAL ? "GLOBAL_UNAVAILABLE" : "REGION_UNAVAILABLE";
    const message = `the clusters did not agree in time on who owns ${path}`;
    return new MeridianError(code, message, { cause });
  }

  #nextOwner(error: MeridianError): string | undefined {
    this.#context.refreshTopology();
    return this.#context.directory().has(error.hint) ? error.hint : undefined;
  }

  /**
   * Reads as planned, and by a new plan whenever clusters did not agree on who owns the path.
   * `begun`: the first step of the first plan was taken already.
   */
  async #readUntil(
    plan: (policy: ZonePolicy) => readonly Step[],
    reading: Reading,
    deadlineAtMs: number,
    begun?: Begun,
  ): Promise<Answer> {
    let first = begun;
    for (let pauseMs = disagreementMinMs; ; pauseMs = longer(pauseMs)) {
      const policy = this.policyOf(reading.path);
      const outcome =
        first === undefined
          ? await this.#readHedged(plan(policy), policy, reading, deadlineAtMs)
          : await this.#readAlong(first.steps, policy, reading, deadlineAtMs, 0, first.outcome);
      first = undefined;
      if (!(outcome instanceof MeridianError)) return outcome;
      if (outcome.code !== "MOVED") throw reasonOf(outcome, reading.signal);
      if (!(await this.#disagree(pauseMs, deadlineAtMs, reading.signal))) {
        throw reasonOf(this.#unowned(reading.path, outcome), reading.signal);
      }
    }
  }

  /** Takes the steps of a plan, or the first and the others side by side if that takes long. */
  async #readHedged(
    steps: readonly Step[],
    policy: ZonePolicy,
    reading: Reading,
    deadlineAtMs: number,
  ): Promise<Answer | MeridianError> {
    const { hedgeMs = this.#context.hedgeMs, signal } = reading;
    const [first, ...others] = steps;
    const isHedged = this.#isHedged(steps, policy, reading);
    if (!isHedged || hedgeMs === undefined || first === undefined) {
      return await this.#readAlong(steps, policy, reading, deadlineAtMs);
    }
    if (hedgeMs !== "auto" && !(hedgeMs >= 0)) {
      throw new MeridianError("BAD_ARGUMENTS", "hedgeMs must not be negative");
    }
    const along = (some: readonly Step[], behind: number): Attempt<Answer> => {
      return (end) => {
        const both = signal === undefined ? end : AbortSignal.any([signal, end]);
        const own = { ...reading, signal: both };
        return this.#readAlong(some, policy, own, deadlineAtMs, behind);
      };
    };
    const delayMs = this.#hedging.delayMs(hedgeMs);
    const attempts = [along([first], others.length), along(others, 0)] as const;
    const isFinal = ({ code }: MeridianError): boolean => {
      const isOver = signal?.aborted === true || this.#context.runtime.nowMs() >= deadlineAtMs;
      return isOver || !passedOn.has(code);
    };
    return await this.#hedging.run(delayMs, attempts, { isFinal, worse });
  }

  #isHedged(steps: readonly Step[], policy: ZonePolicy, reading: Reading): boolean {
    if ((reading.hedgeMs ?? this.#context.hedgeMs) === undefined || steps.length < 2) return false;
    return (reading.consistency ?? defaultConsistency(policy)) === "eventual";
  }

  /** Bounds of the first of so many steps. */
  #limitsOf(steps: number, deadlineAtMs: number): StepLimits {
    if (steps === 1) return { deadlineAtMs, isFinal: true };
    const nowMs = this.#context.runtime.nowMs();
    const share = Math.min(stepMsMax, (deadlineAtMs - nowMs) / steps);
    return { deadlineAtMs: nowMs + share, isFinal: false };
  }

  /**
   * Takes the steps of a plan, of which somebody else takes `behind` more; what the first came to
   * may be known. Resolves with why none of them gave an answer.
   */
  async #readAlong(
    steps: readonly Step[],
    policy: ZonePolicy,
    reading: Reading,
    deadlineAtMs: number,
    behind: number = 0,
    begun?: Outcome,
  ): Promise<Answer | MeridianError> {
    const { runtime } = this.#context;
    let first = begun;
    const owner = ownerOf(policy, this.#context.directory());
    let open = steps;
    let failure: MeridianError | undefined;
    let redirects = redirectsMax;
    for (let step = open[0]; step !== undefined; step = open[0]) {
      open = open.slice(1);
      const limits = this.#limitsOf(1 + open.length + behind, deadlineAtMs);
      const outcome = first ?? (await this.#ask(step, policy, reading, limits));
      first = undefined;
      const { response, link } = outcome;
      if (outcome.error === undefined && response !== undefined && link !== undefined) {
        return { response, link, owner };
      }
      const error = outcome.error ?? unanswered();
      failure = worse(failure, error);
      if (!passedOn.has(error.code) || reading.signal?.aborted === true) break;
      if (runtime.nowMs() >= deadlineAtMs) break;
      const again = redirects > 0 ? this.#redirected(error, step) : undefined;
      if (again === undefined) continue;
      redirects -= 1;
      open = [again, ...open];
    }
    return failure ?? unheld(reading.path);
  }

  /** A step that takes the place of one that could not know better. */
  #redirected(error: MeridianError, step: Step): Step | undefined {
    if (error.code === "SESSION_EXPIRED") return step;
    if (error.code !== "MOVED") return undefined;
    const cluster = this.#nextOwner(error);
    if (cluster === undefined) return undefined;
    return { destination: { kind: "cluster", cluster }, consistency: step.consistency };
  }

  /** Asks one lane. Resolves, whatever comes of it. */
  #ask(step: Step, policy: ZonePolicy, reading: Reading, limits: StepLimits): Promise<Outcome> {
    return new Promise((resolve) => {
      const settle: Settle = (error, response, link) => resolve({ error, response, link });
      this.#submit(step, policy, reading, limits, settle);
    });
  }

  #submit(
    step: Step,
    policy: ZonePolicy,
    reading: Reading,
    limits: StepLimits,
    settle: Settle,
  ): void {
    const lane = this.#context.lanes.reader(step.destination);
    const request = reading.draft();
    request.consistency = consistencyNumber(step.consistency);
    request.maxStalenessMs = stalenessBound(reading.maxStalenessMs);
    const origins = originsOf(policy, this.#context.directory());
    submitUntil(reading.signal, lane, { request, isWrite: false, ...limits, origins, settle });
  }

  async #readQuorum(policy: ZonePolicy, reading: Reading, deadlineAtMs: number): Promise<Answer> {
    const { regions, majority } = quorumOf(policy, this.#context.directory());
    const limits = { deadlineAtMs, isFinal: true };
    const outcomes = regions.map((cluster) => {
      const step: Step = { destination: { kind: "cluster", cluster }, consistency: "regional" };
      return this.#ask(step, policy, reading, limits);
    });
    try {
      return await readMajority(outcomes, majority, policy);
    } catch (error) {
      throw error instanceof MeridianError ? reasonOf(error, reading.signal) : error;
    }
  }
}

interface Write {
  readonly path: string;
  readonly request: DraftRequest;
  readonly options: OperationOptions;
  readonly deadlineAtMs: number;
  /** Before its owner is looked for again. */
  readonly pauseMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** For how long a step may be waited for, and whether another one follows. */
interface StepLimits {
  readonly deadlineAtMs: number;
  readonly isFinal: boolean;
}

/** Steps of a plan, and what the first of them came to. */
interface Begun {
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
}

function longer(pauseMs: number): number {
  return Math.min(2 * pauseMs, disagreementMaxMs);
}

/** Resolves after a while, or when the caller gives up. */
function pause(runtime: Runtime, forMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = runtime.after(forMs, end);
    signal?.addEventListener("abort", end);
  });
}

/** Submits, and gives the request up when the signal says so. */
function submitUntil(signal: AbortSignal | undefined, lane: Lane, submission: Submission): void {
  if (signal === undefined) {
    lane.submit(submission);
    return;
  }
  const onAbort = (): void => {
    const options = { cause: signal.reason };
    lane.cancel(pending, new MeridianError("DEADLINE", "the caller gave it up", options));
  };
  const settle: Settle = (error, response, link) => {
    signal.removeEventListener("abort", onAbort);
    submission.settle(error, response, link);
  };
  const pending = lane.submit({ ...submission, settle });
  if (!pending.isSettled) signal.addEventListener("abort", onAbort, { once: true });
}

/** A caller that gave up hears its own reason, unless a write may have happened. */
function reasonOf(error: MeridianError, signal: AbortSignal | undefined): Error {
  if (signal?.aborted !== true || error.code === "UNKNOWN") return error;
  return signal.reason as Error;
}

/**
 * What to report of two failures: that data was there but too old says more than that others were
 * away.
 */
function worse(known: MeridianError | undefined, error: MeridianError): MeridianError {
  return known?.code === "STALE" && passedOn.has(error.code) ? known : error;
}

/**
 * As on the wire, where 0 is no bound: who allows no age at all means the smallest bound there is.
 */
function stalenessBound(maxStalenessMs: number | undefined): number {
  if (maxStalenessMs === undefined || maxStalenessMs === Infinity) return 0;
  if (maxStalenessMs >= 0) return Math.min(Math.max(1, Math.ceil(maxStalenessMs)), 2 ** 32 - 1);
  throw new MeridianError("BAD_ARGUMENTS", "maxStalenessMs must not be negative");
}

function unanswered(): MeridianError {
  return new MeridianError("CORRUPT", "an answer without a result");
}

function unheld(path: string): MeridianError {
  return new MeridianError("REGION_UNAVAILABLE", `no region that holds ${path} is known`);
}
