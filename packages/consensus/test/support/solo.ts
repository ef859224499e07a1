import type { Entry, Limits, Message, RaftOptions, ReadState } from "../../src/index.ts";
import { majority, Raft } from "../../src/index.ts";
import { bytes, codec } from "./codec.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** What a single member is made of; terms are those of the entries in its log, from index 1. */
export interface SoloOptions extends Partial<Omit<RaftOptions, "limits">> {
  readonly term?: number;
  readonly terms?: readonly number[];
  readonly limits?: Partial<Limits>;
  /** What an earlier run left. */
  readonly disk?: MemoryDisk;
}

/** One entry of a log. */
export function entry(index: number, term: number, content = `${index}.${term}`): Entry {
  return { index, term, kind: "command", data: bytes(content) };
}

/** Member `a` of `a b c` alone with its disk; the others are messages made by hand. */
export class Solo {
  readonly disk: MemoryDisk;
  readonly raft: Raft;
  readonly committed: Entry[] = [];
  readonly reads: ReadState[] = [];

  constructor(options: SoloOptions = {}) {
    const { disk = new MemoryDisk(), term, terms = [] } = options;
    this.disk = disk;
    const entries = terms.map((entryTerm, at) => entry(at + 1, entryTerm));
    const hardState =
      term === undefined ? disk.hardState : { term, vote: undefined, commitIndex: 0 };
    disk.write({ hardState, reset: undefined, entries });
    this.raft = new Raft({
      id: "a",
      random: () => 0,
      configuration: majority(["a", "b", "c"]),
      appliedIndex: 0,
      timing: { electionTicks: 10, electionJitterTicks: 0, heartbeatTicks: 2, leaseTicks: 10 },
      codec,
      ...options,
      limits: { promotionEntriesMax: Infinity, ...options.limits },
      log: disk,
      hardState,
    });
  }

  /** Does all that the member wants done, its disk included, and gives what it sent. */
  flush(): Message[] {
    const sent: Message[] = [];
    for (let ready = this.raft.ready(); ready !== undefined; ready = this.raft.ready()) {
      sent.push(...ready.send);
      this.committed.push(...ready.committed);
      const last = ready.committed.at(-1);
      if (last !== undefined) this.raft.applied(last.index);
      this.reads.push(...ready.reads);
      const { persist } = ready;
      if (persist === undefined) continue;
      this.disk.write(persist);
      this.raft.persisted(persist.mark);
      sent.push(...persist.send);
      if (persist.reset !== undefined) this.raft.applied(persist.reset.index);
    }
    return sent;
  }

  /** Feeds messages in and gives what came out. */
  step(...messages: readonly Message[]): Message[] {
    for (const message of messages) this.raft.step(message);
    return this.flush();
  }

  /** Makes it leader with the votes of all others. */
  lead(): Message[] {
    this.raft.campaign();
    const { term } = this.raft.status();
    const voters = [...new Set(this.flush().map((message) => message.to))];
    for (const from of voters) {
      this.step({ type: "pre-vote-answer", from, to: "a", term: term + 1, reject: false });
    }
    const sent: Message[] = [];
    for (const from of voters) {
      sent.push(
        ...this.step({ type: "vote-answer", from, to: "a", term: term + 1, reject: false }),
      );
    }
    return sent;
  }

  /** An accepting answer to an append in the present term. */
  accept(from: string, index: number): Message[] {
    const { term } = this.raft.status();
    return this.step({
      type: "append-answer",
      from,
      to: "a",
      term,
      index,
      reject: false,
      hint: 0,
      logTerm: 0,
    });
  }
}
