import type * as Source from "../../src/index.ts";
import type { Configuration, Entry, HardState, Message, NodeId, Raft } from "../../src/index.ts";
import { bytes, codec, text } from "../support/codec.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { entry } from "../support/solo.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Messages } from "./messages.ts";
import type { Scope } from "./scope.ts";

/** What can happen to a member. */
export type Input =
  | { readonly kind: "deliver"; readonly message: number }
  | { readonly kind: "campaign" | "command" | "crash" }
  | { readonly kind: "change"; readonly configuration: Configuration };

/** What others can see of a member's state. */
export interface Picture {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader" | "learner";
  readonly term: number;
  readonly vote: NodeId | undefined;
  readonly commitIndex: number;
  readonly configuration: Configuration;
  /** From index 1: term and content. */
  readonly log: readonly string[];
  readonly terms: readonly number[];
}

/** What a member did about an input. */
export interface Outcome {
  readonly next: number;
  /** Numbers of messages. */
  readonly sent: readonly number[];
  /** Handed to the state machine. */
  readonly applied: readonly { readonly index: number; readonly entry: string }[];
  /** An invariant of the code broke. */
  readonly failure: string | undefined;
}

interface State {
  /** What was on the disk when the member was started last. */
  readonly disk: { readonly hardState: HardState; readonly entries: readonly Entry[] };
  /** What has happened since. */
  readonly inputs: readonly Input[];
  readonly picture: Picture;
  readonly outcomes: Map<string, Outcome>;
}

/** Short, so that a lapse of a lease takes two ticks, and nobody ever campaigns by himself. */
const timing = { electionTicks: 1000, electionJitterTicks: 0, heartbeatTicks: 1, leaseTicks: 2 };

/**
 * One command an append, so that prefixes of a log can be on their way by themselves; and voters
 * may be added however far behind they are: safety must not hang on that.
 */
const limits = { appendBytesMax: 0, promotionEntriesMax: Infinity };

/**
 * The states that one member can be in, numbered, and how it goes from one to the next. Each state
 * is reached, once, by running the real code from the last start; after that it is looked up.
 */
export class MemberStates {
  readonly id: NodeId;
  readonly #source: typeof Source;
  readonly #scope: Scope;
  readonly #messages: Messages;
  readonly #states: State[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(source: typeof Source, scope: Scope, messages: Messages, id: NodeId) {
    this.id = id;
    this.#source = source;
    this.#scope = scope;
    this.#messages = messages;
    const { term, logs } = scope.start ?? { term: 0, logs: {} };
    const disk = {
      hardState: { term, vote: undefined, commitIndex: 0 },
      entries: (logs[id] ?? []).map((entryTerm, at) => entry(at + 1, entryTerm)),
    };
    this.#number(disk, [], new Run(this.#start(disk)));
  }

  /** How many states have been seen. */
  get count(): number {
    return this.#states.length;
  }

  picture(state: number): Picture {
    return this.#states[state]!.picture;
  }

  /** Does the input in the state; the first time by running the code. */
  step(state: number, input: Input, key: string): Outcome {
    const from = this.#states[state]!;
    const known = from.outcomes.get(key);
    if (known !== undefined) return known;
    const outcome = this.#run(state, from, input);
    from.outcomes.set(key, outcome);
    return outcome;
  }

  #run(state: number, from: State, input: Input): Outcome {
    const run = new Run(this.#start(from.disk));
    for (const earlier of from.inputs) this.#do(run, earlier);
    run.forget();
    try {
      if (input.kind === "crash") {
        const disk = run.image();
        return { ...run.outcome(), next: this.#number(disk, [], new Run(this.#start(disk))) };
      }
      this.#do(run, input);
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { next: state, sent: [], applied: [], failure };
    }
    const next = this.#number(from.disk, [...from.inputs, input], run);
    const sent = run.sent.filter(matters).map((message) => this.#messages.number(message));
    return { ...run.outcome(), next, sent };
  }

  #start({ hardState, entries }: State["disk"]): Stage {
    const disk = new MemoryDisk();
    disk.write({ hardState, reset: undefined, entries });
    const { configuration } = this.#scope;
    const raft = new this.#source.Raft({
      id: this.id,
      log: disk,
      random: () => 0,
      hardState,
      configuration,
      appliedIndex: 0,
      timing,
      limits,
      codec,
    });
    return { raft, disk };
  }

  #do(run: Run, input: Input): void {
    const { raft } = run.stage;
    switch (input.kind) {
      case "deliver": {
        const message = this.#messages.at(input.message);
        // Whoever is asked for a vote has not heard a leader for a while, or there is no answer.
        if (message.type === "vote") run.lapse(timing.leaseTicks);
        raft.step(message);
        break;
      }
      case "campaign": {
        run.lapse(timing.leaseTicks);
        raft.campaign();
        run.settle();
        run.sent.length = 0;
        // Pre-votes only keep members from campaigning: here everybody may who wants to.
        const term = raft.status().term + 1;
        for (const from of this.#scope.members) {
          raft.step({ type: "pre-vote-answer", from, to: this.id, term, reject: false });
        }
        break;
      }
      case "command":
        raft.propose([bytes("x")]);
        break;
      case "change":
        raft.proposeConfiguration(input.configuration);
        break;
      case "crash":
        throw new Error("a crash begins another run");
    }
    run.settle();
  }

  #number(disk: State["disk"], inputs: readonly Input[], run: Run): number {
    run.settle();
    const core = (run.stage.raft as unknown as { readonly opened_core: object }).opened_core;
    const { hardState, entries } = run.image();
    const stored = JSON.stringify([hardState, entries.map(describe)]);
    const key = `${fingerprint(core, timing.leaseTicks)} ${stored}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#states.length;
    this.#numbers.set(key, number);
    this.#states.push({ disk, inputs, picture: run.picture(), outcomes: new Map() });
    return number;
  }
}

interface Stage {
  readonly raft: Raft;
  readonly disk: MemoryDisk;
}

/** A member that lives for one step, with a disk that takes no time. */
class Run {
  readonly stage: Stage;
  readonly sent: Message[] = [];
  readonly #applied: { readonly index: number; readonly entry: string }[] = [];

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** Does what the member wants done. */
  settle(): void {
    const { raft, disk } = this.stage;
    for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
      this.sent.push(...ready.send);
      for (const entry of ready.committed) {
        this.#applied.push({ index: entry.index, entry: describe(entry) });
        raft.applied(entry.index);
      }
      if (ready.persist === undefined) continue;
      disk.write(ready.persist);
      raft.persisted(ready.persist.mark);
      this.sent.push(...ready.persist.send);
    }
  }

  /** Nothing is heard for so long; what is said meanwhile is lost. */
  lapse(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) this.stage.raft.tick();
    this.settle();
    this.sent.length = 0;
  }

  forget(): void {
    this.sent.length = 0;
    this.#applied.length = 0;
  }

  image(): State["disk"] {
    const { disk } = this.stage;
    const end = disk.lastIndex() + 1;
    return { hardState: disk.hardState, entries: end > 1 ? disk.entries(1, end, Infinity) : [] };
  }

  outcome(): Omit<Outcome, "next"> {
    return { sent: [], applied: [...this.#applied], failure: undefined };
  }

  picture(): Picture {
    const { role, term, vote, commitIndex, configuration } = this.stage.raft.status();
    const { entries } = this.image();
    const log = entries.map(describe);
    const terms = entries.map((entry) => entry.term);
    return { role, term, vote, commitIndex, configuration, log, terms };
  }
}

function describe({ term, kind, data }: Entry): string {
  return `${term} ${kind} ${text(data)}`;
}

/**
 * Left out, as if lost: what only speeds things up, or asks the explorer for what it does anyway.
 */
function matters(message: Message): boolean {
  if (message.type === "vote-answer") return !message.reject;
  return ["append", "append-answer", "vote", "timeout-now"].includes(message.type);
}
