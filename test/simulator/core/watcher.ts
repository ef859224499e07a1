import { type Pending, SessionClient } from "@meridian/replica/harness";
import {
  errorCodeName,
  EventKind,
  type IPosition,
  type IWatchEvent,
  WatchKind,
} from "@meridian/wire";
import { silenceMs } from "./client.ts";
import type { Noted } from "./ledger.ts";
import type { World } from "./world.ts";

/** A watcher without a session, which moves from member to member and resumes where it was. */
export class Watcher {
  readonly #world: World;
  readonly #stream: SessionClient;
  /** Everything up to here has been delivered; undefined: it begins with what is next. */
  #at: number | undefined;
  #pending: Pending | undefined;
  #taken = 0;
  /** Place in the history of the next event. */
  #next = 0;
  #connectedAtMs = -Infinity;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#stream = new SessionClient(world.scene, name, 0);
    world.clients.push(name);
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
    this.#pending = this.#stream.ask({
      watch: {
        path: this.#world.stage.root,
        kind: WatchKind.PERSISTENT_RECURSIVE,
        withData: true,
        from: this.#at === undefined ? [] : [this.#positionOf(this.#at)],
      },
    });
  }

  /** It has been told of everything up to an index. */
  isAt(index: number): boolean {
    this.#take();
    const { history } = this.#world.ledger;
    const rest = history.slice(this.#next).filter((noted) => this.#concerns(noted.path));
    return this.#at !== undefined && rest.every((noted) => noted.index > index);
  }

  #positionOf(index: number): IPosition {
    return { cluster: this.#world.stage.plan.cluster, incarnation: 1, index };
  }

  #take(): void {
    const answer = this.#pending?.response;
    if (answer !== undefined) {
      this.#pending = undefined;
      if (answer.error !== undefined) {
        // Too old a position is refused, never passed over: it begins anew.
        if (errorCodeName(answer.error.code) === "COMPACTED") this.#at = undefined;
        this.#stream.over = true;
        return;
      }
      if (this.#at === undefined) this.#begin(answer.index);
    }
    const { events } = this.#stream;
    for (; this.#taken < events.length; this.#taken += 1) {
      const frame = events[this.#taken];
      if (frame === undefined) return;
      if (frame.error !== undefined) {
        if (errorCodeName(frame.error.code) === "COMPACTED") this.#at = undefined;
        this.#stream.over = true;
        continue;
      }
      for (const event of frame.events) this.#check(event);
      for (const { index } of frame.positions) this.#reach(index);
    }
  }

  #begin(index: number): void {
    this.#at = index;
    // Back, too: a member that is behind begins where it is.
    const { history } = this.#world.ledger;
    const next = history.findIndex((noted) => noted.index > index);
    this.#next = next === -1 ? history.length : next;
  }

  #check({ kind, path, data, position }: IWatchEvent): void {
    const { ledger } = this.#world;
    this.#skipOthers();
    this.#world.count("watch event");
    const text = Buffer.from(data).toString();
    const told = described({ kind: kindOf(kind), path, data: text, index: position?.index ?? 0 });
    const next = ledger.history[this.#next];
    const due = next === undefined ? "nothing" : described(next);
    if (due !== told) return ledger.violate(`a watch is told: ${told}; next is: ${due}`);
    this.#next += 1;
  }

  #reach(index: number): void {
    const { ledger } = this.#world;
    this.#skipOthers();
    const noted = ledger.history[this.#next];
    if (noted !== undefined && noted.index <= index) {
      ledger.violate(`a watch is told that it has all up to ${index}; next is ${described(noted)}`);
    }
    this.#at = Math.max(this.#at ?? 0, index);
  }

  #concerns(path: string): boolean {
    const { root } = this.#world.stage;
    return path === root || path.startsWith(`${root}/`);
  }

  /** Changes that the watch is not about. */
  #skipOthers(): void {
    const { history } = this.#world.ledger;
    for (let noted = history[this.#next]; noted !== undefined; noted = history[this.#next]) {
      if (this.#concerns(noted.path)) return;
      this.#next += 1;
    }
  }
}

/** Deletions are told without data. */
function described({ kind, path, data, index }: Noted): string {
  return kind === "deleted" ? `${kind} ${path} at ${index}` : `${kind} ${path} ${data} at ${index}`;
}

function kindOf(kind: number): Noted["kind"] {
  if (kind === EventKind.CREATED) return "created";
  return kind === EventKind.CHANGED ? "changed" : "deleted";
}
