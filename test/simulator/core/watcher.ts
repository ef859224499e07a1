import { type Pending, SessionClient } from "@meridian/replica/harness";
import { errorCodeName, EventKind, type IWatchEvents, WatchKind } from "@meridian/wire";
import type { CommittedHistory } from "../../watch-model/committed-history.ts";
import { toldOf } from "../../watch-model/filter.ts";
import type { Step, Told, WatchLog } from "../../watch-model/watch-log.ts";
import { WatchModel } from "../../watch-model/watch-model.ts";
import { silenceMs } from "./client.ts";
import type { World } from "./world.ts";

/** What a watcher of a run watches, below the root of its stage. */
export interface Watched {
  readonly name: string;
  readonly below: string;
  readonly kind: "persistent" | "persistent-recursive";
  readonly withData: boolean;
}

/** The second and the fourth differ in a name that begins like the other. */
export const watchedPaths: readonly Watched[] = [
  { name: "w1", below: "", kind: "persistent-recursive", withData: true },
  { name: "w2", below: "/a", kind: "persistent-recursive", withData: true },
  { name: "w3", below: "/a", kind: "persistent", withData: true },
  { name: "w4", below: "/ab", kind: "persistent-recursive", withData: false },
];

/** A watcher without a session, which moves from member to member and resumes where it was. */
export class Watcher {
  readonly #world: World;
  readonly #stream: SessionClient;
  readonly #watched: Watched;
  readonly #steps: Step[] = [];
  /** Everything up to here has been delivered; undefined: it begins with what is next. */
  #at: number | undefined;
  #pending: Pending | undefined;
  #taken = 0;
  #connectedAtMs = -Infinity;

  constructor(world: World, watched: Watched) {
    this.#world = world;
    this.#watched = watched;
    this.#stream = new SessionClient(world.scene, watched.name, 0);
    world.clients.push(watched.name);
  }

  step(members: readonly string[]): void {
    this.#take();
    const { nowMs } = this.#world;
    const late = !this.#stream.isOpen && nowMs - this.#connectedAtMs > silenceMs;
    if (!this.#stream.over && !late && !this.#world.chance(0.03)) return;
    this.#take();
    const node = this.#world.pick(members);
    if (node === undefined) return;
    this.#connectedAtMs = nowMs;
    this.#stream.connect(this.#world.addressOf(node));
    const { cluster } = this.#world.stage.plan;
    const { path, withData } = this.#log;
    const from = this.#at === undefined ? [] : [{ cluster, incarnation: 1, index: this.#at }];
    const kind = kinds[this.#watched.kind];
    this.#pending = this.#stream.ask({ watch: { path, kind, withData, from } });
  }

  /** It has been told of everything up to an index. */
  isAt(index: number, history: CommittedHistory): boolean {
    this.#take();
    const at = this.#at;
    if (at === undefined) return false;
    return history.between(at, index).every((entry) => toldOf(this.#log, entry).length === 0);
  }

  /** Holds what it was told against what was committed, and counts what there was to be seen. */
  check(history: CommittedHistory): void {
    this.#take();
    const { ledger } = this.#world;
    const log = this.#log;
    for (const { property, text } of WatchModel.breachesOf(log, history)) {
      ledger.violate(`${text} (${property})`);
    }
    const exercise = WatchModel.exerciseOf(log, history);
    this.#world.count("watch event", exercise.events);
    this.#world.count("watch resume", exercise.resumes);
    this.#world.count("watch bookmark", exercise.bookmarks);
    this.#world.count("watch of several changes", exercise.multiples);
    this.#world.count("watch passed over", exercise.passedOver);
  }

  get #log(): WatchLog {
    const { name, below, kind: watch, withData } = this.#watched;
    const path = `${this.#world.stage.root}${below}`;
    return { name, path, watch, withData, isWhole: true, steps: this.#steps };
  }

  #take(): void {
    const answer = this.#pending?.response;
    if (answer !== undefined) {
      this.#pending = undefined;
      if (answer.error !== undefined) return this.#refused(answer.error.code);
      if (this.#at === undefined) this.#steps.push({ kind: "began", index: answer.index });
      else this.#steps.push({ kind: "resumed", index: this.#at });
      this.#at ??= answer.index;
    }
    const { events } = this.#stream;
    for (; this.#taken < events.length; this.#taken += 1) {
      const frame = events[this.#taken];
      if (frame === undefined) return;
      if (frame.error === undefined) this.#note(frame);
      else this.#refused(frame.error.code);
    }
  }

  /** Too old a position is refused, never passed over: it begins anew. */
  #refused(code: number): void {
    const name = errorCodeName(code);
    this.#world.count(`watch ${name}`);
    if (name === "COMPACTED") this.#at = undefined;
    this.#stream.over = true;
  }

  #note({ events, positions }: IWatchEvents): void {
    const indexes = positions.map(({ index }) => index);
    const reached = indexes.length === 0 ? undefined : Math.max(...indexes);
    const told = events.map(({ kind, path, data, position }): Told => {
      const name = names[kind] ?? "changed";
      const hasData = this.#watched.withData && (name === "created" || name === "changed");
      const text = hasData ? Buffer.from(data).toString() : undefined;
      return { kind: name, path, index: position?.index ?? 0, data: text };
    });
    if (told.length > 0) this.#steps.push({ kind: "events", events: told, reached });
    else if (reached !== undefined) this.#steps.push({ kind: "progress", reached });
    if (this.#at !== undefined) this.#at = Math.max(this.#at, reached ?? 0);
  }
}

const kinds: Readonly<Record<Watched["kind"], number>> = {
  persistent: WatchKind.PERSISTENT,
  "persistent-recursive": WatchKind.PERSISTENT_RECURSIVE,
};

const names: Readonly<Record<number, Told["kind"]>> = {
  [EventKind.CREATED]: "created",
  [EventKind.CHANGED]: "changed",
  [EventKind.DELETED]: "deleted",
  [EventKind.CHILDREN]: "children",
};
