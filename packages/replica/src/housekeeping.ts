import type { Command, Operation, Session, Tree } from "@meridian/tree";
import type { Clock } from "./clock.ts";
import type { SessionLiveness } from "./session-liveness.ts";

/** Nodes reaped by one command at most. */
const reapsMax = 500;
/** Sessions ended by one command at most. */
const expiredMax = 500;
/** Sessions looked at in one go: a millisecond. With more of them the last come round later. */
const lookedAtMax = 10_000;

/** What a leader needs for its rounds. */
export interface HousekeepingOptions {
  readonly tree: () => Tree;
  readonly liveness: Pick<SessionLiveness, "overdue">;
  readonly clock: Clock;
  /** In which this member leads and may propose; undefined: not now. */
  readonly term: () => number | undefined;
  /** Puts a command into the log and gives its index; undefined: not now. */
  readonly propose: (command: Command) => number | undefined;
}

/**
 * What a leader proposes of its own accord: the end of sessions that were silent for too long and
 * of nodes whose time is over, and work that commands left to be done in portions. A portion at a
 * time: the next follows when the last is applied, with everything else that waits in between. So
 * ten thousand sessions that end together hold nothing up.
 */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  /** Where looking at the sessions goes on, and in which tree. */
  #round: IterableIterator<Session> | undefined;
  #tree: Tree | undefined;
  /** Of the newest command that was proposed, and the term. */
  #index = 0;
  #term = 0;
  /** The last portion was full: there may be more. */
  #isFull = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  /** Proposes what is due, unless the last portion is still on its way. */
  run(): void {
    const { tree: treeNow, clock, propose, term: termNow } = this.#options;
    const [tree, term] = [treeNow(), termNow()];
    // What was proposed in another term may never come.
    if (term === undefined || (term === this.#term && this.#index > tree.appliedIndex)) return;
    this.#term = term;
    this.#isFull = false;
    const timeMs = Math.floor(clock.wallMs());
    for (const operation of this.#due(tree, term, timeMs)) {
      const command = { session: 0, sequence: 0, acknowledged: 0, timeMs, operation };
      this.#index = propose(command) ?? this.#index;
    }
  }

  /** Entries were applied up to an index: when that was a full portion, the next follows soon. */
  applied(index: number): void {
    if (!this.#isFull || index < this.#index) return;
    this.#isFull = false;
    this.#options.clock.defer(() => this.run());
  }

  #due(tree: Tree, term: number, timeMs: number): readonly Operation[] {
    const { liveness, clock } = this.#options;
    const sessions = liveness.overdue(this.#some(tree), clock.nowMs(), expiredMax);
    const paths = tree.dueReaps(timeMs, reapsMax);
    const reaps = paths.length > 0 || tree.isBehind;
    this.#isFull = sessions.length === expiredMax || paths.length === reapsMax || tree.isBehind;
    return [
      ...(sessions.length > 0 ? [{ kind: "expire-sessions", sessions, term } as const] : []),
      ...(reaps ? [{ kind: "reap", paths } as const] : []),
    ];
  }

  /** The next sessions to look at, each once: all of them, unless they are very many. */
  *#some(tree: Tree): Generator<Session, undefined> {
    if (this.#tree !== tree) this.#round = undefined;
    this.#tree = tree;
    const looks = Math.min(lookedAtMax, tree.sessionCount);
    for (let looked = 0; looked < looks; looked += 1) {
      let next = this.#round?.next();
      if (next?.value === undefined) {
        this.#round = tree.sessions();
        next = this.#round.next();
      }
      if (next.done !== true) yield next.value;
    }
    return undefined;
  }
}
