import type { Message, NodeId } from "@meridian/consensus";
import type { PeerAbilities, PeerMessage } from "@meridian/transport";

/** What a turn has to say to one peer, as far as it matters here. */
export interface Letter {
  messages: PeerMessage[];
  isFar: boolean;
}

/** What relays are made of. */
export interface RelaysOptions {
  readonly node: NodeId;
  /** Region of a member of the cluster; undefined when it is not known. */
  readonly regionOf: (node: NodeId) => string | undefined;
  /** Ticks within which what was handed on has been acknowledged, unless something is wrong. */
  readonly lagTicks: number;
}

/** Peers whose word for what they understand is remembered: more than a group ever has. */
const abilitiesMax = 256;
/** Pauses grow up to two to this power. */
const failuresMax = 5;

type Append = Extract<PeerMessage, { readonly type: "append" }>;

/** How what is sent to one peer in another region gets there. */
interface Course {
  readonly region: string;
  /** Its appends go to a neighbour of its first. */
  isRelayed: boolean;
  /** Last index of what was sent, and of what was acknowledged; -1 before it answered at all. */
  sent: number;
  acknowledged: number;
  /** What had been acknowledged at each of the last ticks, oldest first. */
  readonly acknowledgedBefore: number[];
  /** Ticks since it was heard of. */
  silence: number;
  /** Ticks for which it is sent everything directly. */
  pause: number;
  /** How often relaying failed since it last worked. */
  failures: number;
  /** Last index of what was sent directly when relaying began: what comes behind it proves it. */
  provenFrom: number;
}

/**
 * Lets each append cross once between two regions: one member there, the relay, gets it and hands
 * it on to its neighbours, who acknowledge to the leader. All appends to a relayed member take that
 * way, so that none overtakes another; everything else goes directly.
 *
 * A relay promises nothing. A member that answers heartbeats, but does not acknowledge what its
 * relay has long had, or anything while that is silent, is sent everything directly for a while;
 * when that happens to a second one, another relay is chosen. The next append then finds the gap,
 * as it does where a message was lost.
 */
export class Relays {
  readonly #options: RelaysOptions;
  readonly #regions = new Map<NodeId, string>();
  readonly #abilities = new Map<NodeId, PeerAbilities>();
  readonly #courses = new Map<NodeId, Course>();
  /** By region. */
  readonly #relays = new Map<string, Relay>();
  #term = 0;

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  /** A peer said what it understands. */
  learn(peer: NodeId, abilities: PeerAbilities): void {
    const isKnown = this.#abilities.has(peer);
    if (isKnown || this.#abilities.size < abilitiesMax) this.#abilities.set(peer, abilities);
  }

  /** Another term: nothing is known of how the others are. */
  restart(term: number): void {
    this.#term = term;
    this.#courses.clear();
    this.#relays.clear();
  }

  /** Time passes. */
  tick(): void {
    for (const course of this.#courses.values()) {
      course.pause = Math.max(0, course.pause - 1);
      course.silence += 1;
      course.acknowledgedBefore.push(course.acknowledged);
      const { length } = course.acknowledgedBefore;
      if (length > this.#options.lagTicks) course.acknowledgedBefore.shift();
    }
  }

  /**
   * Whether a message may come from whom it says. Neighbours may hand on appends of a leader
   * elsewhere; apart from that everybody speaks for himself.
   */
  isGenuine(from: NodeId, message: PeerMessage): boolean {
    if (message.from === from) return true;
    return message.type === "append" && message.handTo === undefined && this.#isNeighbour(from);
  }

  /** Whom this member is to hand an append on to, of those whom its sender named. */
  neighboursOf({ handTo = [] }: PeerMessage): readonly NodeId[] {
    return [...new Set(handTo)].filter((to) => this.#isNeighbour(to));
  }

  /** Looks at an answer before the core does, which may send something because of it. */
  hear(message: Message): void {
    const course = this.#courses.get(message.from);
    if (course === undefined || message.term !== this.#term) return;
    course.silence = 0;
    if (message.type === "append-answer") {
      if (message.reject) return this.#fail(course);
      course.acknowledged = Math.max(course.acknowledged, message.index);
      if (course.isRelayed && message.index > course.provenFrom) course.failures = 0;
    } else if (message.type === "heartbeat-answer" && this.#isLate(course)) {
      this.#fail(course);
    }
  }

  /** Frames to a peer were lost; gives the others whose appends were in them. */
  onPeerDown(peer: NodeId): readonly NodeId[] {
    const course = this.#courses.get(peer);
    if (course === undefined) return [];
    course.isRelayed = false;
    if (this.#relays.get(course.region)?.node !== peer) return [];
    this.#relays.delete(course.region);
    const others = this.#relayedIn(course.region);
    for (const [, other] of others) other.isRelayed = false;
    return others.map(([id]) => id);
  }

  /** Puts appends that go by a relay into what is sent to it. `letterTo` makes what is missing. */
  arrange(letters: ReadonlyMap<NodeId, Letter>, letterTo: (peer: NodeId) => Letter): void {
    const own = this.#regionOf(this.#options.node);
    let regions: Map<string, Stop[]> | undefined;
    for (const [to, letter] of letters) {
      const region = this.#regionOf(to);
      if (region === undefined || region === own) continue;
      letter.isFar = this.#unpacks(to);
      if (!letter.messages.some((message) => this.#isOwnAppend(message))) continue;
      regions ??= new Map();
      const stops = regions.get(region) ?? [];
      regions.set(region, stops);
      stops.push({ to, letter, course: this.#note(to, region, letter.messages) });
    }
    for (const [region, stops] of regions ?? []) this.#arrangeRegion(region, stops, letterTo);
  }

  #arrangeRegion(region: string, stops: readonly Stop[], letterTo: (peer: NodeId) => Letter): void {
    const relay = this.#choose(region, stops);
    for (const { to, letter, course } of stops) {
      if (relay === undefined || to === relay) course.isRelayed = false;
      else this.#moveOver(to, letter, course, letterTo(relay));
    }
    if (relay !== undefined) letterTo(relay).isFar = this.#unpacks(relay);
  }

  /** Stays with the relay there is while it gets entries when others do. */
  #choose(region: string, stops: readonly Stop[]): NodeId | undefined {
    const known = this.#relays.get(region)?.node;
    const able = stops.filter(
      ({ to, letter, course }) =>
        course.acknowledged >= 0 &&
        course.pause === 0 &&
        this.#abilities.get(to)?.handsOn === true &&
        letter.messages.some(hasEntries),
    );
    if (known !== undefined && (able.length < 2 || able.some(({ to }) => to === known))) {
      return known;
    }
    const [first, ...rest] = able;
    if (first === undefined || rest.length === 0) return undefined;
    const best = rest.reduce((one, other) => {
      return other.course.failures < one.course.failures ? other : one;
    }, first);
    this.#relays.set(region, { node: best.to, failures: 0 });
    return best.to;
  }

  /** What the relay gets too is marked there; the rest is put beside it, in its order. */
  #moveOver(to: NodeId, letter: Letter, course: Course, { messages: relayed }: Letter): void {
    const direct: PeerMessage[] = [];
    let at = 0;
    for (const message of letter.messages) {
      if (!this.#isOwnAppend(message)) {
        direct.push(message);
        continue;
      }
      const same = relayed.findIndex((other, place) => place >= at && isSame(other, message));
      if (!course.isRelayed && same >= 0 && isReady(course, message)) {
        course.isRelayed = true;
        course.provenFrom = message.index + message.entries.length - 1;
      }
      if (!course.isRelayed) {
        direct.push(message);
      } else if (same >= 0) {
        const { handTo = [], ...shared } = relayed[same] as Append;
        relayed[same] = { ...shared, handTo: [...handTo, to] };
        at = same + 1;
      } else {
        relayed.splice(at, 0, { ...message, handTo: [to] });
        at += 1;
      }
    }
    letter.messages = direct;
  }

  /** Notes what is sent to a peer in another region. */
  #note(to: NodeId, region: string, messages: readonly PeerMessage[]): Course {
    let course = this.#courses.get(to);
    if (course === undefined) {
      course = {
        region,
        isRelayed: false,
        sent: 0,
        acknowledged: -1,
        acknowledgedBefore: [],
        silence: 0,
        pause: 0,
        failures: 0,
        provenFrom: 0,
      };
      this.#courses.set(to, course);
    }
    for (const message of messages) {
      if (message.type !== "append") continue;
      course.sent = Math.max(course.sent, message.index + message.entries.length);
    }
    return course;
  }

  /**
   * It lacks what its relay acknowledged a while ago, or nothing is heard of that one. Where all
   * are slow, nobody is late: to send everything directly would be more work for them.
   */
  #isLate({ isRelayed, region, sent, acknowledged }: Course): boolean {
    if (!isRelayed || acknowledged >= sent) return false;
    const relay = this.#courses.get(this.#relays.get(region)?.node ?? "");
    if (relay === undefined) return true;
    const { lagTicks } = this.#options;
    const { acknowledgedBefore, silence } = relay;
    const due = acknowledgedBefore.length < lagTicks ? 0 : (acknowledgedBefore[0] ?? 0);
    return acknowledged < due || silence >= lagTicks;
  }

  /**
   * It was the relay, the way from it, or the member itself. The others get another relay only if
   * it happens again: what comes by that one might overtake what is still on its way to them.
   */
  #fail(course: Course): void {
    if (!course.isRelayed) return;
    course.isRelayed = false;
    course.failures = Math.min(course.failures + 1, failuresMax);
    course.pause = this.#options.lagTicks * 2 ** course.failures;
    const relay = this.#relays.get(course.region);
    if (relay === undefined) return;
    relay.failures += 1;
    if (relay.failures < 2 && this.#relayedIn(course.region).length > 0) return;
    const own = this.#courses.get(relay.node);
    if (own !== undefined) own.failures = Math.min(own.failures + 1, failuresMax);
    this.#relays.delete(course.region);
  }

  #relayedIn(region: string): readonly (readonly [NodeId, Course])[] {
    return [...this.#courses].filter(([, one]) => one.isRelayed && one.region === region);
  }

  #unpacks(peer: NodeId): boolean {
    return this.#abilities.get(peer)?.unpacks ?? false;
  }

  #isOwnAppend(message: PeerMessage): message is Append {
    return message.type === "append" && message.from === this.#options.node;
  }

  #isNeighbour(node: NodeId): boolean {
    const own = this.#regionOf(this.#options.node);
    return node !== this.#options.node && own !== undefined && this.#regionOf(node) === own;
  }

  /** Members do not move. */
  #regionOf(node: NodeId): string | undefined {
    const known = this.#regions.get(node);
    if (known !== undefined) return known;
    const region = this.#options.regionOf(node);
    if (region !== undefined) this.#regions.set(node, region);
    return region;
  }
}

/** The member of a region that hands on. */
interface Relay {
  readonly node: NodeId;
  /** Members that did not get what it was to hand on to them, since it was chosen. */
  failures: number;
}

/** One of several peers in a region that are sent appends in a turn. */
interface Stop {
  readonly to: NodeId;
  readonly letter: Letter;
  readonly course: Course;
}

function hasEntries(message: PeerMessage): boolean {
  return message.type === "append" && message.entries.length > 0;
}

/** From here on a member may be sent appends by way of a relay. */
function isReady({ acknowledged, pause }: Course, { entries }: Append): boolean {
  return acknowledged >= 0 && pause === 0 && entries.length > 0;
}

/** A leader has one log: the same places in it are the same entries. */
function isSame(other: PeerMessage, { index, entries, commit, from, quiet }: Append): boolean {
  return (
    other.type === "append" &&
    other.from === from &&
    other.index === index &&
    other.entries.length === entries.length &&
    other.commit === commit &&
    other.quiet === quiet
  );
}
