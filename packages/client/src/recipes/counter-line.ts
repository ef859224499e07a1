import { MeridianError } from "@meridian/wire";
import type { Standing } from "../standing.ts";
import { CounterState } from "./counter-state.ts";
import { Patience } from "./patience.ts";
import { PendingStep, unknownFate } from "./pending-step.ts";
import { hasCode } from "./retry.ts";

/** A step of a counter: the value that it makes of another. Undefined: it leaves it as it is. */
export type CounterStep = (value: number) => number | undefined;

/** What a step has come to. */
export interface Stepped {
  /** Before the step. */
  readonly before: number;
  /** After it; undefined when it left the value as it was. */
  readonly after: number | undefined;
}

/** What the node was like. */
interface Base {
  readonly state: CounterState;
  /** -1: there is no node. */
  readonly version: number;
  /** Tells one life of the node from the next; 0: there is no node. */
  readonly czxid: number;
}

/** A write that was tried: it made its version of the one before, or did nothing. */
interface Attempt {
  readonly version: number;
  readonly czxid: number;
  readonly outcomes: readonly Outcome[];
}

type Outcome = Stepped | MeridianError;

/** Steps that are done with one write. */
const stepsMax = 1_000;
/** Steps that may wait. */
const waitingMax = 16_384;
/** About how long to wait after others have written first. */
const conflictMs = 4;

interface Request {
  readonly step: CounterStep;
  readonly pending: PendingStep<Stepped>;
}

/**
 * The writes of one client to one counter: one at a time, and what has come together meanwhile goes
 * as one. Each is conditional on the version that it was made for, and carries the writer's mark:
 * of a write of unknown fate and its repetition, even in another session, one is done.
 */
export class CounterLine {
  readonly #standing: Standing;
  readonly #path: string;
  readonly #writer: string;
  readonly #consistency: "strict" | "regional";
  #waiting: Request[] = [];
  #isBusy = false;
  #operation = 0;
  #base: Base | undefined;

  constructor(standing: Standing, path: string, writer: string) {
    this.#standing = standing;
    this.#path = path;
    this.#writer = writer;
    const { consistency } = standing.get().context.performer.policyOf(path);
    this.#consistency = consistency === "eventual" ? "regional" : "strict";
  }

  /** Nothing is being done: it can be forgotten. */
  get isIdle(): boolean {
    return !this.#isBusy;
  }

  /**
   * Takes a step.
   * @throws {MeridianError} UNKNOWN when it may have been taken; with every other code, and with
   * the reason of the signal, it was not.
   */
  take(step: CounterStep, signal: AbortSignal): Promise<Stepped> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= waitingMax) {
        throw new MeridianError("OVERLOADED", `${waitingMax} steps wait for ${this.#path}`);
      }
      this.#waiting.push({ step, pending: new PendingStep(signal, resolve, reject) });
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, stepsMax);
      const open = some.filter(({ pending }) => !pending.isSettled);
      if (open.length === 0) continue;
      // From here on all are done together or none: the write has to stay the same in repetition.
      for (const { pending } of open) pending.send();
      try {
        const outcomes = await this.#apply(open);
        for (const [place, { pending }] of open.entries()) {
          const outcome = outcomes[place] ?? unknownFate("it was not among the steps taken");
          if (outcome instanceof Error) pending.reject(outcome);
          else pending.resolve(outcome);
        }
      } catch (error) {
        this.#base = undefined;
        for (const { pending } of open) pending.reject(error as Error);
      }
    }
    this.#isBusy = false;
  }

  async #apply(requests: readonly Request[]): Promise<readonly Outcome[]> {
    this.#operation += 1;
    const operation = this.#operation;
    const attempts: Attempt[] = [];
    const { runtime } = this.#standing.get().context;
    const conflicts = new Patience(runtime, conflictMs);
    const failures = new Patience(runtime);
    let base = this.#base;
    let isFresh = false;
    while (requests.some(({ pending }) => !pending.isSettled)) {
      const { length } = attempts;
      try {
        if (base === undefined) {
          base = await this.#read();
          isFresh = true;
        }
        const done = this.#settled(attempts, base, operation);
        if (done === "untellable") break;
        if (done !== undefined) return done;
        const { value, outcomes } = walk(requests, base.state.value);
        if (value === undefined) {
          // That nothing is to be done holds for what the counter is now, not for what it was.
          if (isFresh) return outcomes;
          base = undefined;
          continue;
        }
        const { version, czxid } = base;
        attempts.push({ version: version + 1, czxid, outcomes });
        this.#base = await this.#write(base, value, operation);
        return outcomes;
      } catch (error) {
        base = undefined;
        if (!hasCode(error, "UNKNOWN")) attempts.length = length;
        const isConflict = hasCode(error, "BAD_VERSION", "NODE_EXISTS", "NO_NODE");
        if (isConflict) await conflicts.wait(error);
        else if (this.#standing.isPassing(error)) await failures.wait(error);
        else throw attempts.length === 0 ? error : unknownFate("it cannot be looked up", error);
      }
    }
    throw unknownFate("everybody gave it up, or too many have counted since then");
  }

  /** What an earlier attempt of unknown fate has come to, if it was done. */
  #settled(
    attempts: readonly Attempt[],
    { state, czxid }: Base,
    operation: number,
  ): readonly Outcome[] | "untellable" | undefined {
    const [first] = attempts;
    if (first === undefined) return undefined;
    // What was counted in an earlier life of the node went with it, or did not.
    if (attempts.some((each) => each.czxid !== 0 && each.czxid !== czxid)) return "untellable";
    const fate = state.fateOf(this.#writer, operation, first.version - 1);
    if (fate === "not done") return undefined;
    return attempts.find(({ version }) => version === fate)?.outcomes ?? "untellable";
  }

  async #read(): Promise<Base> {
    try {
      const options = { consistency: this.#consistency };
      const { text, stat } = await this.#standing.get().client.get(this.#path, options);
      const state = CounterState.decode(this.#path, text);
      return { state, version: stat.version, czxid: stat.czxid };
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      return { state: new CounterState(0), version: -1, czxid: 0 };
    }
  }

  async #write({ state, version }: Base, value: number, operation: number): Promise<Base> {
    const { client } = this.#standing.get();
    const next = state.after(value, this.#writer, operation, version + 1);
    const { stat } =
      version === -1
        ? await client.create(this.#path, next.encode(), { parents: true })
        : await client.set(this.#path, next.encode(), { version });
    return { state: next, version: stat.version, czxid: stat.czxid };
  }
}

/** Takes all steps, one after the other. The value is undefined when none of them changes it. */
function walk(
  requests: readonly Request[],
  from: number,
): { readonly value: number | undefined; readonly outcomes: readonly Outcome[] } {
  let before = from;
  let isChanged = false;
  const outcomes = requests.map(({ step }): Outcome => {
    const after = step(before);
    if (after === undefined) return { before, after };
    if (!Number.isSafeInteger(after)) return tooLarge(before);
    const stepped = { before, after };
    before = after;
    isChanged = true;
    return stepped;
  });
  return { value: isChanged ? before : undefined, outcomes };
}

function tooLarge(value: number): MeridianError {
  return new MeridianError("TOO_LARGE", `from ${value} on it would not be exact any more`);
}
