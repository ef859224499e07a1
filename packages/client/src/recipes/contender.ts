import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import { untilChanged } from "./departure.ts";
import { inOrder, type Place } from "./line.ts";
import { OwnNode, type MadeNode } from "./own-node.ts";
import { Patience } from "./patience.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";
import { hasCode, mayPass } from "./retry.ts";

/** How to wait for a turn. */
export interface ContendOptions extends WaitOptions {
  /** What others who look at the queue learn of us: a name, an address. Default: nothing. */
  readonly data?: string | Uint8Array | undefined;
}

/** A kind of contender: how its nodes are named, and for whom it waits. */
export interface Contention {
  /** What its names begin with: no other kind's may begin with the same. */
  readonly prefix: string;
  /** Whether `blocker` looks at the Stats of places. */
  readonly needsStats: boolean;
  /** Of those before it, the one to wait for. Undefined: it is its turn. */
  blocker(before: readonly Place[]): Place | undefined;
}

/** One at a time: each waits only for the one directly before it, so that nobody wakes in vain. */
export const oneByOne: Contention = {
  prefix: "",
  needsStats: false,
  blocker: (before) => before.at(-1),
};

/**
 * One who stands in a fair queue: it makes an ephemeral sequential node below a path, and it is its
 * turn when nobody whom it has to wait for stands before it. The recipe is ZooKeeper's; the random
 * mark in the name lets a contender find its own node when the answer to its create was lost.
 */
export class Contender {
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #queue: string;
  readonly #contention: Contention;

  constructor(client: Meridian, context: ClientContext, queue: string, contention: Contention) {
    this.#client = client;
    this.#context = context;
    this.#queue = queue;
    this.#contention = contention;
  }

  /**
   * Takes a place in the queue and waits for its turn. On failure the place is given up.
   * @throws {MeridianError} SESSION_EXPIRED when the place was lost while it waited; DEADLINE when
   * the time was over; the reason of the signal.
   */
  async contend(options: ContendOptions): Promise<OwnNode> {
    using limit = new WaitLimit(this.#context.runtime, this.#queue, options);
    const { signal } = limit;
    const own = await this.enter(options.data ?? "", signal);
    try {
      await this.#waitForTurn(own, signal);
      if (!own.isAlive) throw own.gone();
    } catch (error) {
      void own.remove();
      throw error;
    }
    return own;
  }

  /**
   * As `contend`, but gives up when the time is over, or at once when none is given and it is not
   * its turn. Then it is undefined, and no place is left behind.
   */
  async tryContend(options: ContendOptions): Promise<OwnNode | undefined> {
    const { deadlineMs = 0, signal } = options;
    if (deadlineMs > 0) {
      using limit = new WaitLimit(this.#context.runtime, this.#queue, { signal, deadlineMs });
      try {
        return await this.contend({ data: options.data, signal: limit.signal });
      } catch (error) {
        if (limit.isOver && signal?.aborted !== true) return undefined;
        throw error;
      }
    }
    if (await this.#isTaken(signal)) return undefined;
    const own = await this.enter(options.data ?? "", signal);
    try {
      const blocker = await this.#blocker(own, signal);
      if (!own.isAlive) throw own.gone();
      if (blocker === undefined) return own;
    } catch (error) {
      void own.remove();
      throw error;
    }
    await own.remove();
    return undefined;
  }

  /**
   * Takes a place in the queue without waiting for a turn: makes the own node, once, whatever
   * becomes of connections.
   */
  async enter(data: string | Uint8Array, signal: AbortSignal | undefined): Promise<OwnNode> {
    const options = { ephemeral: true, sequential: true, parents: true, signal };
    for (;;) {
      signal?.throwIfAborted();
      // Another one each time: of an attempt in a session that has ended a node may yet appear.
      const mark = this.#newMark();
      try {
        const made = await this.#client.create(`${this.#queue}/${mark}`, data, options);
        return this.#own(made);
      } catch (error) {
        if (!hasCode(error, "UNKNOWN")) throw error;
        if (signal?.aborted === true) {
          void this.#sweep(mark);
          throw signal.reason;
        }
      }
      const found = await this.#find(mark, signal).catch((error: unknown) => {
        void this.#sweep(mark);
        throw error;
      });
      if (found !== undefined) return this.#own(found);
    }
  }

  #newMark(): string {
    const random = Buffer.from(this.#context.runtime.randomBytes(16)).toString("hex");
    return `${this.#contention.prefix}${random}-`;
  }

  /**
   * The own node, if the create has made it. The list is read in the same session, behind the
   * create: by then that is settled. What a session before has made goes with it.
   */
  async #find(mark: string, signal?: AbortSignal): Promise<MadeNode | undefined> {
    const options = { consistency: "strict", signal } as const;
    const patience = new Patience(this.#context.runtime);
    for (;;) {
      try {
        const { names } = await this.#client.children(this.#queue, options);
        const name = names.find((each) => each.startsWith(mark));
        if (name === undefined) return undefined;
        const path = `${this.#queue}/${name}`;
        const { stat, receipt } = await this.#client.exists(path, options);
        const { performer, lanes } = this.#context;
        const { sessionId } = lanes.session(performer.ownerOf(path));
        return stat?.ephemeralOwner === sessionId ? { path, stat, receipt } : undefined;
      } catch (error) {
        signal?.throwIfAborted();
        if (hasCode(error, "NO_NODE")) return undefined;
        if (!mayPass(error)) throw error;
        await patience.wait(error, signal);
      }
    }
  }

  /** Takes the own node away if there is one: left behind, it would block the queue. */
  async #sweep(mark: string): Promise<void> {
    try {
      const found = await this.#find(mark);
      if (found !== undefined) await this.#own(found).remove();
    } catch {
      // Then it goes with the session, as everything does that nobody can reach.
    }
  }

  #own(made: MadeNode): OwnNode {
    return new OwnNode(this.#client, this.#context, made);
  }

  async #waitForTurn(own: OwnNode, signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, own.lost]);
    const patience = new Patience(this.#context.runtime);
    for (;;) {
      try {
        const blocker = await this.#blocker(own, stop);
        if (blocker === undefined) return;
        patience.reset();
        await untilChanged(this.#client, `${this.#queue}/${blocker.name}`, stop);
      } catch (error) {
        signal.throwIfAborted();
        if (!own.isAlive) throw own.gone();
        if (!mayPass(error)) throw error;
        await patience.wait(error, stop);
      }
    }
  }

  /** The one to wait for now. */
  async #blocker(own: OwnNode, signal: AbortSignal | undefined): Promise<Place | undefined> {
    const places = await this.#places(signal);
    const place = places.findIndex(({ name }) => own.path === `${this.#queue}/${name}`);
    if (place < 0) throw own.gone();
    return this.#contention.blocker(places.slice(0, place));
  }

  /** Whether somebody who came now would have to wait. */
  async #isTaken(signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return this.#contention.blocker(await this.#places(signal)) !== undefined;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return false;
      throw error;
    }
  }

  async #places(signal: AbortSignal | undefined): Promise<readonly Place[]> {
    const { needsStats: withStats } = this.#contention;
    const options = { consistency: "strict", withStats, signal } as const;
    const { children } = await this.#client.children(this.#queue, options);
    return inOrder(children);
  }
}
