import type * as Source from "../../src/index.ts";
import type {
  Configuration,
  Entry,
  HardState,
  Message,
  NodeId,
  Persist,
  Raft,
} from "../../src/index.ts";
import { bytes, codec, text } from "../support/codec.ts";
import { MemoryDisk } from "../support/memory-disk.ts";
import { entry } from "../support/solo.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Messages } from "./messages.ts";
import type { Scope } from "./scope.ts";

/** What can happen to a member. */
export type Input =
  | { readonly kind: "deliver"; readonly message: number }
  | { readonly kind: "beat" | "campaign" | "command" | "crash" | "loss" | "write" }
  | { readonly kind: "change"; readonly configuration: Configuration };

/** What others can see of a member's state. */
export interface Picture {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader" | "learner";
  readonly term: number;
  readonly vote: NodeId | undefined;
  readonly commitIndex: number;
  readonly configuration: Configuration;
  /** Has lost its log, and has no voice until it has everything again. */
  readonly recovering: boolean;
  /** Writes that are not durable. */
  readonly writing: number;
  /** On the disk, from index 1: term and content. */
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

/** What is on a disk. */
interface Image {
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
  readonly recovering: boolean;
  /** Starts that had to draw a number of their own. */
  readonly life: number;
}

interface State {
  /** When the member was started last. */
  readonly disk: Image;
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
      recovering: false,
      life: 0,
    };
    this.#number(disk, [], this.#begin(disk));
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
    const run = this.#begin(from.disk);
    for (const earlier of from.inputs) this.#do(run, earlier);
    run.forget();
    try {
      if (input.kind === "crash" || input.kind === "loss") {
        const disk = input.kind === "crash" ? run.image() : lose(run.image());
        return { ...run.outcome(), next: this.#number(disk, [], this.#begin(disk)) };
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

  #begin(disk: Image): Run {
    return new Run(this.#start(disk), this.#scope.slowDisks);
  }

  #start({ hardState, entries, recovering, life }: Image): Stage {
    const disk = new MemoryDisk();
    disk.write({ hardState, reset: undefined, entries });
    const { configuration } = this.#scope;
    const raft = new this.#source.Raft({
      id: this.id,
      log: disk,
      random: () => life / 1000,
      hardState,
      recovering,
      configuration,
      appliedIndex: 0,
      timing,
      limits,
      codec,
    });
    return { raft, disk, life: recovering ? life + 1 : life };
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
      case "beat":
        raft.tick();
        break;
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
      case "write":
        run.write();
        break;
      case "crash":
      case "loss":
        throw new Error("a start begins another run");
    }
    run.settle();
  }

  #number(disk: Image, inputs: readonly Input[], run: Run): number {
    run.settle();
    const core = (run.stage.raft as unknown as { readonly opened_core: object }).opened_core;
    const { entries, ...rest } = run.image();
    const stored = JSON.stringify([rest, entries.map(describe)]);
    const key = `${fingerprint(core, run.writes, timing.leaseTicks)} ${stored}`;
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
  /** For the next start. */
  readonly life: number;
}

/** Of a damaged disk term and vote are left. */
function lose({ hardState, life }: Image): Image {
  return { hardState: { ...hardState, commitIndex: 0 }, entries: [], recovering: true, life };
}

/** A member that lives for one step. Its disk takes no time, or does a write when it is told to. */
class Run {
  readonly stage: Stage;
  /** Not durable yet, oldest first. */
  readonly writes: Persist[] = [];
  readonly #slow: boolean;
  readonly sent: Message[] = [];
  readonly #applied: { readonly index: number; readonly entry: string }[] = [];

  constructor(stage: Stage, slow: boolean) {
    this.stage = stage;
    this.#slow = slow;
  }

  /** Does what the member wants done. */
  settle(): void {
    const { raft } = this.stage;
    for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
      this.sent.push(...ready.send);
      for (const entry of ready.committed) {
        this.#applied.push({ index: entry.index, entry: describe(entry) });
        raft.applied(entry.index);
      }
      if (ready.persist !== undefined) this.writes.push(ready.persist);
      if (!this.#slow) this.write();
    }
  }

  /** The oldest write becomes durable. */
  write(): void {
    const { raft, disk } = this.stage;
    const oldest = this.writes.shift();
    if (oldest === undefined) return;
    disk.write(oldest);
    raft.persisted(oldest.mark);
    this.sent.push(...oldest.send);
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

  image(): Image {
    const { disk, raft, life } = this.stage;
    const end = disk.lastIndex() + 1;
    const entries = end > 1 ? disk.entries(1, end, Infinity) : [];
    return { hardState: disk.hardState, entries, recovering: raft.status().recovering, life };
  }

  outcome(): Omit<Outcome, "next"> {
    return { sent: [], applied: [...this.#applied], failure: undefined };
  }

  picture(): Picture {
    const { role, term, vote, commitIndex, configuration, recovering } = this.stage.raft.status();
    const { entries } = this.image();
    const log = entries.map(describe);
    const terms = entries.map((entry) => entry.term);
    const writing = this.writes.length;
    return { role, term, vote, commitIndex, configuration, recovering, writing, log, terms };
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
  return kinds.has(message.type);
}

const kinds: ReadonlySet<Message["type"]> = new Set<Message["type"]>([
  "append",
  "append-answer",
  "heartbeat",
  "vote",
  "timeout-now",
  "recover",
  "recover-answer",
]);
