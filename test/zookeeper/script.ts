import { randomOf } from "@meridian/replica/harness";

import type { Mode, NodeWrite, Operation, Part, Request, Step } from "./operation.ts";

/** What decides a script; the same options give the same script. */
export interface ScriptOptions {
  readonly seed: number;
  /** How many operations it has at least. */
  readonly operations: number;
  /** How many sessions leave without a word; each takes seconds until it has expired. */
  readonly abandons: number;
  /** Whether sessions watch. Default true. */
  readonly watches?: boolean;
}

const sessionsMin = 3;
const sessionsMax = 6;
const sessionTimeoutMs = 60_000;
/** Of a session that is going to be abandoned. */
const shortTimeoutMs = 5_000;
const burstMax = 8;
const hourMs = 3_600_000;
const largeBytesMax = 900_000;
/** Beyond Meridian's bound. */
const tooLarge = "x".repeat(2 ** 20 + 1);

/** A random script: few sessions and few paths, which are in each other's way all the time. */
export function scriptOf(options: ScriptOptions): readonly Step[] {
  const { seed, operations, abandons, watches = true } = options;
  const writer = new ScriptWriter(randomOf(seed), watches);
  const between = Math.ceil(operations / (abandons + 1));
  while (writer.operations < operations) {
    writer.step();
    if (writer.abandoned < abandons && writer.operations > between * (writer.abandoned + 1)) {
      writer.abandon();
    }
  }
  return writer.steps;
}

class ScriptWriter {
  readonly steps: Step[] = [];
  operations = 0;
  abandoned = 0;
  readonly #random: () => number;
  /** Whether sessions watch. */
  readonly #watch: boolean;
  readonly #open: string[] = [];
  /** Operations that left a watch, by session. */
  readonly #watches = new Map<string, number[]>();
  #sessions = 0;

  constructor(random: () => number, watches: boolean) {
    this.#random = random;
    this.#watch = watches;
    for (let count = 0; count < sessionsMin; count += 1) this.#opens(sessionTimeoutMs);
    this.#begin();
  }

  step(): void {
    const session = this.#one(this.#open);
    const chance = this.#random();
    if (chance < 0.008 && this.#open.length < sessionsMax) this.#opens(sessionTimeoutMs);
    else if (chance < 0.016 && this.#open.length > sessionsMin) this.#closes(session, "close");
    else if (chance < 0.04) this.steps.push({ kind: "move", session });
    else if (chance < 0.06) this.#unwatches(session);
    else this.#bursts(session);
  }

  /** What would be in the way later, while nobody watches and where nothing is left of it. */
  #begin(): void {
    const session = this.#one(this.#open);
    const bursts = (...requests: readonly Request[]): void => {
      const operations = requests.map((request) => this.#numbered(request));
      this.steps.push({ kind: "burst", session, operations });
    };
    const create = { kind: "create", data: "", ttlMs: 0 } as const;
    const large = "/large";
    bursts(
      { ...create, mode: "persistent", path: large },
      { kind: "set", path: large, data: tooLarge, version: -1 },
      { kind: "delete", path: large, version: -1 },
    );
    // More children than the client asks for at a time.
    const [path, stem] = ["/many", "/many/s-"];
    bursts({ ...create, mode: "persistent", path });
    const made = { ...create, mode: "persistent-sequential", path: stem } as const;
    const hundreds = Array.from({ length: 11 }, (_, hundred) => hundred * 100);
    const hundred = Array.from({ length: 100 }, (_, place) => place);
    bursts(...hundreds.map(() => ({ kind: "multi", parts: hundred.map(() => made) }) as const));
    bursts({ kind: "children", path, watch: false });
    const deleted = (place: number): Part => {
      return { kind: "delete", path: stem + String(place).padStart(10, "0"), version: 0 };
    };
    const deletions = hundreds.map((first): Request => {
      return { kind: "multi", parts: hundred.map((place) => deleted(first + place)) };
    });
    bursts(...deletions, { kind: "delete", path, version: 0 });
  }

  /** A session that makes some ephemerals and is seen no more. */
  abandon(): void {
    this.abandoned += 1;
    const session = this.#opens(shortTimeoutMs);
    this.#bursts(session);
    const creates = Array.from({ length: 4 }, () => {
      const path = this.#path();
      return this.#numbered({ kind: "create", mode: "ephemeral", path, data: "", ttlMs: 0 });
    });
    this.steps.push({ kind: "burst", session, operations: creates });
    this.#closes(session, "abandon");
  }

  #opens(timeoutMs: number): string {
    this.#sessions += 1;
    const session = `s${this.#sessions}`;
    this.#open.push(session);
    this.steps.push({ kind: "open", session, timeoutMs });
    return session;
  }

  #closes(session: string, kind: "close" | "abandon"): void {
    this.#open.splice(this.#open.indexOf(session), 1);
    this.steps.push({ kind, session });
  }

  #unwatches(session: string): void {
    const watches = this.#watches.get(session) ?? [];
    if (watches.length === 0) return;
    const watch = this.#one(watches);
    this.#watches.set(
      session,
      watches.filter((other) => other !== watch),
    );
    const operations = [this.#numbered({ kind: "unwatch", watch })];
    this.steps.push({ kind: "burst", session, operations });
  }

  /** Writes, and then reads: what a read shows of writes behind it is one of the differences. */
  #bursts(session: string): void {
    const size = this.#chance(0.5) ? 1 : 1 + this.#below(burstMax);
    const reads = this.#below(size + 1);
    const operations: Operation[] = [];
    for (let place = 0; place < size; place += 1) {
      const request = place < size - reads ? this.#write() : this.#read(session);
      const operation = this.#numbered(request);
      operations.push(operation);
      if (leavesWatch(request)) this.#remember(session, operation.id);
    }
    this.steps.push({ kind: "burst", session, operations });
  }

  #remember(session: string, id: number): void {
    const watches = this.#watches.get(session) ?? [];
    watches.push(id);
    this.#watches.set(session, watches);
  }

  #numbered(request: Request): Operation {
    this.operations += 1;
    return { ...request, id: this.operations };
  }

  #write(): Request {
    if (this.#chance(0.12)) {
      const parts = Array.from({ length: 1 + this.#below(5) }, () => this.#part());
      return { kind: "multi", parts };
    }
    if (this.#chance(0.03)) return this.#withContainer();
    if (this.#chance(0.04)) return this.#odd();
    return this.#nodeWrite(this.#chance(0.006));
  }

  #part(): Part {
    if (!this.#chance(0.2)) return this.#nodeWrite(false);
    return { kind: "check", path: this.#path(), version: this.#version() };
  }

  #nodeWrite(isLarge: boolean): NodeWrite {
    const data = isLarge ? "x".repeat(this.#below(largeBytesMax)) : this.#data();
    const chance = this.#random();
    if (chance < 0.45) return this.#create(data);
    if (chance < 0.72) {
      return { kind: "set", path: this.#path(), data, version: this.#version() };
    }
    return { kind: "delete", path: this.#path(), version: this.#version() };
  }

  #create(data: string): NodeWrite {
    const mode = this.#one(modes);
    const path = mode.endsWith("sequential") ? this.#path() + this.#one(stems) : this.#path();
    const ttlMs = mode.startsWith("ttl") ? hourMs : 0;
    return { kind: "create", mode, path, data, ttlMs };
  }

  /**
   * A container never loses its last child in a script: when it goes then is up to the server. It
   * comes with a child that is never deleted, or has none at all.
   */
  #withContainer(): Request {
    const container = { kind: "create", mode: "container", data: "", ttlMs: 0 } as const;
    if (this.#chance(0.5)) {
      const path = `/lone-${this.#below(3)}`;
      const version = this.#version();
      if (this.#chance(0.4)) return { kind: "delete", path, version };
      return { ...container, path };
    }
    const path = `/kept-${this.#below(2)}`;
    const pin = { ...container, mode: "persistent", path: `${path}/pin` } as const;
    return { kind: "multi", parts: [{ ...container, path }, pin] };
  }

  /** Something that both refuse, though not always in the same words. */
  #odd(): Request {
    const missing = `/missing/${this.#one(["a", "b"])}`;
    const path = this.#one([...badPaths, ...foreignPaths]);
    const create = { kind: "create", data: "", ttlMs: 0 } as const;
    return this.#one<() => Request>([
      () => ({ ...create, mode: "persistent", path: this.#one(badPaths) }),
      () => ({ ...create, mode: this.#one(modes.slice(0, 4)), path: `/missing/x${path}` }),
      () => ({ kind: "set", path, data: "", version: -1 }),
      () => ({ kind: "delete", path, version: -1 }),
      () => ({ ...create, mode: "ttl", path: this.#path() }),
      () => ({ ...create, mode: "ttl", path: missing, ttlMs: 2 ** 40 + this.#below(9) }),
      () => ({ ...create, mode: this.#one(modes.slice(0, 4)), path: this.#path(), ttlMs: 5 }),
      () => ({ kind: "multi", parts: [] }),
      () => ({
        kind: "multi",
        parts: [this.#part(), { kind: "check", path: this.#one(badPaths), version: -1 }],
      }),
      () => ({ kind: "multi", parts: manyChecks(128) }),
      () => ({ kind: "multi", parts: manyChecks(129) }),
      () => ({
        kind: "multi",
        parts: [
          { kind: "set", path: "/", data: tooLarge, version: -1 },
          { kind: "delete", path: missing, version: -1 },
        ],
      }),
    ])();
  }

  #read(session: string): Request {
    const chance = this.#random();
    if (chance < 0.06) return { kind: "sync", path: this.#path() };
    if (chance < 0.1) {
      const path = this.#one([...badPaths, ...foreignPaths]);
      return { kind: this.#one(readKinds), path, watch: false };
    }
    const path = this.#chance(0.1) ? "/" : this.#path();
    const family = familyOf(session, path);
    const watch = this.#watch && family === "once" && this.#chance(0.5);
    if (chance < 0.24 && family !== "once" && this.#watch) {
      return { kind: "watch", path, isRecursive: family === "recursive" };
    }
    return { kind: this.#one(readKinds), path, watch };
  }

  #path(): string {
    const depth = 1 + Math.min(this.#below(3), this.#below(3));
    let path = "";
    for (let level = 0; level < depth; level += 1) {
      path += `/${this.#one(this.#chance(0.01) ? rareNames : names)}`;
    }
    if (this.#chance(0.06)) return `${path}/${this.#one(stems).slice(1)}000000000${this.#below(6)}`;
    if (this.#chance(0.03)) return `/kept-${this.#below(2)}/${this.#one(names)}`;
    return path;
  }

  #version(): number {
    if (this.#chance(0.5)) return -1;
    return this.#chance(0.1) ? this.#one([-2, 2 ** 31 - 1, -(2 ** 31)]) : this.#below(4);
  }

  #data(): string {
    const chance = this.#random();
    if (chance < 0.1) return "";
    if (chance < 0.9) return `value ${this.#below(1000)}`;
    const bytes = Array.from({ length: this.#below(40) }, () => this.#below(256));
    return String.fromCharCode(...bytes);
  }

  #one<T>(from: readonly T[]): T {
    const one = from[this.#below(from.length)];
    if (one === undefined) throw new Error("there is nothing to choose from");
    return one;
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}

const names = ["a", "b", "ä"];
const rareNames = ["...", ".a", "a.", "a b", "%2F", "日本", "\u00a0"];
/** The last one makes names that are digits alone. */
const stems = ["/s-", "/t", "/"];
const readKinds = ["get", "exists", "children"] as const;
const modes: readonly Mode[] = [
  "persistent",
  "ephemeral",
  "persistent-sequential",
  "ephemeral-sequential",
  "persistent",
  "persistent",
  "ephemeral",
  "ttl",
  "ttl-sequential",
];

/** What nobody takes for a path. */
const badPaths = ["", "a", "/a/", "/a//b", "//a", "/.", "/a/./b", "/a/..", "/a\u0001", "/a\u0000b"];

/** What one side takes for a path and the other does not. Nothing is ever made there. */
const foreignPaths = [
  "/missing-😀",
  "/missing-\ue000",
  "/missing-\ufff0",
  `/${"n".repeat(256)}`,
  "/n".repeat(33),
  `/${"n".repeat(250)}`.repeat(4),
];

function manyChecks(count: number): readonly Part[] {
  return Array.from({ length: count }, () => ({ kind: "check", path: "/", version: -1 }));
}

/**
 * ZooKeeper 3.8 keeps one mode for all watches of a session on a path, that of the last one
 * (ZOOKEEPER-4466). So a session leaves watches of one family on a path.
 */
function familyOf(session: string, path: string): "once" | "persistent" | "recursive" {
  let hash = 0;
  for (const unit of session + path) hash = (hash * 31 + unit.charCodeAt(0)) >>> 0;
  const share = hash % 8;
  if (share < 5) return "once";
  return share === 5 ? "recursive" : "persistent";
}

function leavesWatch(request: Request): boolean {
  return request.kind === "watch" || ("watch" in request && request.watch === true);
}
