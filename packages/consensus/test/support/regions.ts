import type { Configuration, Message, NodeId, Timing } from "../../src/index.ts";
import { membersOf } from "../../src/index.ts";
import { Member } from "./member.ts";
import { seeded } from "./random.ts";

const tickMs = 100;

interface Event {
  readonly atMs: number;
  run(): void;
}

/** What of a group of regions is given from outside. */
export interface RegionsOptions {
  readonly configuration: Configuration;
  readonly timing: (id: NodeId) => Timing;
  /** One way, without the part that varies. */
  readonly delayMs: (from: NodeId, to: NodeId) => number;
  /** What a message may take longer, since machines are busy. */
  readonly lagMs: number;
  /** The fastest and the slowest write of a disk. */
  readonly diskMs: readonly [number, number];
  readonly seed: number;
}

/**
 * Members in regions on virtual time, finer than ticks: clocks tick out of step, messages take what
 * the distance asks, links keep order, and disks take their time.
 */
export class Regions {
  readonly members = new Map<NodeId, Member>();
  /** Everybody that campaigned, by term. */
  readonly candidates = new Map<number, Set<NodeId>>();
  /** Everybody that led, by term. */
  readonly leaders = new Map<number, Set<NodeId>>();
  nowMs = 0;
  /** Whether a link loses everything. */
  cut: (from: NodeId, to: NodeId) => boolean = () => false;
  readonly #options: RegionsOptions;
  readonly #random: () => number;
  readonly #arrivals = new Map<string, number>();
  readonly #writing = new Set<NodeId>();
  #events: Event[] = [];

  constructor(options: RegionsOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    for (const id of membersOf(options.configuration)) this.#add(id);
  }

  /** Lets time pass until the test holds. @throws {Error} when it does not within so long. */
  until(test: () => boolean, limitMs: number): void {
    const endMs = this.nowMs + limitMs;
    while (!test()) {
      if (this.nowMs > endMs) throw new Error(`nothing within ${limitMs} ms`);
      this.#step();
    }
  }

  /** Time passes. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) this.#step();
  }

  /** The leader of the highest term, if there is one. */
  get leader(): NodeId | undefined {
    let best: { id: NodeId; term: number } | undefined;
    for (const [id, member] of this.members) {
      if (!member.running) continue;
      const { role, term } = member.raft.status();
      if (role === "leader" && (best === undefined || term > best.term)) best = { id, term };
    }
    return best?.id;
  }

  #add(id: NodeId): void {
    const { configuration, timing, seed } = this.#options;
    const random = seeded(seed * 101 + this.members.size);
    const member = new Member(
      { id, configuration, timing: timing(id), random },
      {
        send: (message) => this.#fly(message),
        apply: () => undefined,
        install: () => undefined,
        read: () => undefined,
      },
    );
    this.members.set(id, member);
    member.start();
    const tick = (): void => {
      if (member.running) {
        member.raft.tick();
        this.#settle(id, member);
      }
      this.#at(tickMs, tick);
    };
    this.#at(this.#random() * tickMs, tick);
  }

  /** On its way with up to a tenth more than the distance asks; never overtaking another. */
  #fly(message: Message): void {
    const { from, to } = message;
    const link = `${from}>${to}`;
    const { delayMs: distanceMs, lagMs } = this.#options;
    const delayMs = distanceMs(from, to) * (1 + this.#random() / 10) + this.#random() * lagMs;
    const atMs = Math.max(this.nowMs + delayMs, this.#arrivals.get(link) ?? 0);
    this.#arrivals.set(link, atMs);
    this.#at(atMs - this.nowMs, () => {
      const member = this.members.get(to);
      if (member?.running !== true || this.cut(from, to)) return;
      member.raft.step(message);
      this.#settle(to, member);
    });
  }

  #settle(id: NodeId, member: Member): void {
    while (member.collect() !== undefined);
    const { role, term } = member.raft.status();
    if (role === "candidate") note(this.candidates, term, id);
    if (role === "leader") note(this.leaders, term, id);
    if (member.writes.length === 0 || this.#writing.has(id)) return;
    this.#writing.add(id);
    const [fastestMs, slowestMs] = this.#options.diskMs;
    this.#at(fastestMs + this.#random() * (slowestMs - fastestMs), () => {
      this.#writing.delete(id);
      if (!member.running) return;
      member.completeWrites(member.writes.length);
      this.#settle(id, member);
    });
  }

  #at(inMs: number, run: () => void): void {
    const event = { atMs: this.nowMs + inMs, run };
    const later = (other: Event): boolean => other.atMs <= event.atMs;
    // Latest first, so that taking the next one is cheap.
    const place = this.#events.findIndex(later);
    this.#events.splice(place === -1 ? this.#events.length : place, 0, event);
  }

  #step(): void {
    const event = this.#events.pop()!;
    this.nowMs = event.atMs;
    event.run();
  }
}

function note(by: Map<number, Set<NodeId>>, term: number, id: NodeId): void {
  by.set(term, (by.get(term) ?? new Set()).add(id));
}
