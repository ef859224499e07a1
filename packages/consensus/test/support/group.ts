import type { Configuration, Entry, Message, NodeId, Timing } from "../../src/index.ts";
import { membersOf } from "../../src/index.ts";
import { bytes, text } from "./codec.ts";
import { Member } from "./member.ts";
import { seeded } from "./random.ts";

/**
 * A group on virtual time whose links can be cut, each way for itself. Disks are instant, links
 * take one beat.
 */
export class Group {
  readonly members = new Map<NodeId, Member>();
  readonly applied = new Map<NodeId, Entry[]>();
  /** Links that lose everything: `from>to`. */
  readonly cut = new Set<string>();
  /** Everybody that ever led, by term. */
  readonly leaders = new Map<number, Set<NodeId>>();
  #flights: Message[] = [];

  constructor(
    configuration: Configuration,
    timing: Timing | ((id: NodeId) => Timing),
    seed: number,
    outside: NodeId[] = [],
  ) {
    for (const id of [...membersOf(configuration), ...outside]) {
      const random = seeded(seed * 101 + this.members.size);
      const entries: Entry[] = [];
      const member = new Member(
        { id, configuration, timing: typeof timing === "function" ? timing(id) : timing, random },
        {
          send: (message) => this.#flights.push(message),
          apply: (entry) => entries.push(entry),
          install: () => undefined,
          read: () => undefined,
        },
      );
      this.applied.set(id, entries);
      this.members.set(id, member);
      member.start();
    }
  }

  /** Time passes for all. */
  beat(count: number): void {
    for (let left = count; left > 0; left--) {
      const flights = this.#flights;
      this.#flights = [];
      for (const message of flights) {
        if (this.cut.has(`${message.from}>${message.to}`)) continue;
        const member = this.members.get(message.to);
        if (member?.running === true) member.raft.step(message);
      }
      for (const [id, member] of this.members) {
        if (!member.running) continue;
        member.raft.tick();
        this.#settle(id, member);
      }
    }
  }

  /** The leader of the highest term, if there is one. */
  get leader(): Member | undefined {
    const leading = [...this.members.values()].filter(
      (member) => member.running && member.raft.status().role === "leader",
    );
    return leading.toSorted((a, b) => b.raft.status().term - a.raft.status().term)[0];
  }

  /** Lets time pass until somebody leads. @throws {Error} after so many beats. */
  elect(beats: number): Member {
    for (let beat = 0; beat < beats; beat++) {
      this.beat(1);
      if (this.leader !== undefined) return this.leader;
    }
    throw new Error(`no leader in ${beats} beats`);
  }

  /** Cuts a member off, both ways. */
  isolate(id: NodeId): void {
    for (const other of this.members.keys()) {
      this.cut.add(`${id}>${other}`);
      this.cut.add(`${other}>${id}`);
    }
  }

  /**
   * Whether a new command gets applied somewhere within so many beats, proposed to whoever leads at
   * the time.
   */
  commits(beats: number): boolean {
    for (let beat = 0; beat < beats; beat++) {
      this.beat(1);
      for (const member of this.members.values()) {
        if (member.running && beat % 5 === 0) member.raft.propose([bytes("command")]);
      }
      for (const entries of this.applied.values()) {
        if (entries.some((entry) => text(entry.data) === "command")) return true;
      }
    }
    return false;
  }

  #settle(id: NodeId, member: Member): void {
    while (member.collect() !== undefined || member.writes.length > 0) member.completeWrites(1);
    const { role, term } = member.raft.status();
    if (role !== "leader") return;
    const known = this.leaders.get(term) ?? new Set();
    this.leaders.set(term, known.add(id));
  }
}
