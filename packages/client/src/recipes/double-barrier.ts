import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { MultiOperation } from "../options.ts";
import { Contender, type ContendOptions, oneByOne } from "./contender.ts";
import { untilChanged } from "./departure.ts";
import { inOrder, type Place } from "./line.ts";
import { requireOrder } from "./ordered-zone.ts";
import type { OwnNode } from "./own-node.ts";
import { hasCode, untilDone } from "./retry.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";

const countMax = 1_000;

/**
 * A barrier that opens when `count` have come to it, and holds each of them again until all have
 * left. It can be used again and again, by the same or by others.
 *
 * Whoever comes makes an ephemeral node with a number. Who sees `count` of them that were not let
 * in writes down up to which number all are let in, unless somebody else did: so what lets one
 * round in means nothing to the next.
 *
 * ```ts
 * const visit = await meridian.doubleBarrier("/jobs/shuffle", 3).enter();
 * await work();
 * await visit.leave();
 * ```
 */
export class DoubleBarrier {
  readonly path: string;
  readonly count: number;
  readonly #client: Meridian;
  readonly #context: ClientContext;
  /** Node whose data is the number up to which all are let in. */
  readonly #opening: string;

  /**
   * Use `Meridian.doubleBarrier`.
   * @throws {MeridianError} BAD_ARGUMENTS for a count out of bounds.
   */
  constructor(client: Meridian, context: ClientContext, path: string, count: number) {
    if (!Number.isInteger(count) || count < 1 || count > countMax) {
      throw new MeridianError("BAD_ARGUMENTS", `a double barrier is for 1 to ${countMax}`);
    }
    this.#client = client;
    this.#context = context;
    this.path = path;
    this.count = count;
    this.#opening = `${path}/open`;
  }

  /**
   * Waits until `count` have come. Who gives up, or loses its session, has not come.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; SESSION_EXPIRED when the session ended
   * meanwhile; DEADLINE after `deadlineMs`; the reason of the signal.
   */
  async enter(options: ContendOptions = {}): Promise<Visit> {
    requireOrder(this.#context, this.path, "barriers");
    using limit = new WaitLimit(this.#context.runtime, this.path, options);
    const { signal } = limit;
    const comer = new Contender(this.#client, this.#context, this.path, oneByOne);
    const own = await comer.enter(options.data ?? "", signal);
    const stop = AbortSignal.any([signal, own.lost]);
    try {
      const upTo = await untilDone(this.#context, stop, () => this.#untilOpen(own, stop));
      if (!own.isAlive) throw own.gone();
      return new Visit(this.#client, this.#context, own, upTo);
    } catch (error) {
      void own.remove();
      throw error;
    }
  }

  /** Resolves with the number up to which all are let in, when that includes us. */
  async #untilOpen(own: OwnNode, signal: AbortSignal): Promise<number> {
    const number = arrivalNumber(own.path);
    const options = { kind: "persistent", consistency: "strict", signal } as const;
    // Only the opening is watched, not who comes: whoever completes the number sees it by itself.
    await using watch = this.#client.watch(this.#opening, options);
    await watch.ready;
    let upTo = await this.#openIfComplete(own, signal);
    while (upTo < number) {
      const { value } = await watch.next();
      signal.throwIfAborted();
      upTo = openedUpTo(value?.text);
    }
    return upTo;
  }

  /** Lets all in who have come, if they are enough. Resolves with the number up to which. */
  async #openIfComplete(own: OwnNode, signal: AbortSignal): Promise<number> {
    const options = { consistency: "strict", signal } as const;
    for (;;) {
      const opened = await this.#opened(signal);
      const { children } = await this.#client.children(this.path, options);
      const waiting = inOrder(children).filter((each) => each.number > opened.upTo);
      const completing = waiting[this.count - 1];
      if (opened.upTo >= arrivalNumber(own.path) || completing === undefined) return opened.upTo;
      const data = `${completing.number}`;
      const path = this.#opening;
      const { version } = opened;
      const open: MultiOperation =
        version === undefined
          ? { kind: "create", path, data }
          : { kind: "set", path, data, version };
      try {
        // Where our own node is, numbers have not begun anew.
        await this.#client.multi([{ kind: "check", path: own.path }, open], { signal });
        return completing.number;
      } catch (error) {
        if (hasCode(error, "NO_NODE")) throw own.gone();
        if (!hasCode(error, "NODE_EXISTS", "BAD_VERSION")) throw error;
      }
    }
  }

  async #opened(signal: AbortSignal): Promise<Opened> {
    try {
      const { text, stat } = await this.#client.get(this.#opening, {
        consistency: "strict",
        signal,
      });
      return { upTo: openedUpTo(text), version: stat.version };
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      return { upTo: -1, version: undefined };
    }
  }
}

/** A visit to a double barrier, from when it opened until all have left. */
export class Visit {
  /** Path of the own node. */
  readonly path: string;
  /** Aborted when the session ends, or the own node is taken away: the others may leave. */
  readonly lost: AbortSignal;
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #own: OwnNode;
  readonly #upTo: number;

  /** Use `DoubleBarrier.enter`. */
  constructor(client: Meridian, context: ClientContext, own: OwnNode, upTo: number) {
    this.#client = client;
    this.#context = context;
    this.#own = own;
    this.#upTo = upTo;
    this.path = own.path;
    this.lost = own.lost;
    own.watchOver();
  }

  /**
   * Waits until all who were let in together have left, or lost their sessions. Who gives up
   * waiting has left all the same; so has who lost its own session, and waits no less.
   * @throws {MeridianError} DEADLINE after `deadlineMs`; the reason of the signal.
   */
  async leave(options: WaitOptions = {}): Promise<void> {
    using limit = new WaitLimit(this.#context.runtime, this.path, options);
    const { signal } = limit;
    try {
      await untilDone(this.#context, signal, () => this.#untilAlone(signal));
    } finally {
      await this.#own.remove();
    }
  }

  /** The first to have come stays to the last, and the others wait for it: nobody wakes in vain. */
  async #untilAlone(signal: AbortSignal): Promise<void> {
    const slash = this.path.lastIndexOf("/");
    const queue = this.path.slice(0, slash);
    const own = this.path.slice(slash + 1);
    for (;;) {
      const visitors = await this.#visitors(queue, signal);
      const [first] = visitors;
      if (first?.name === own) {
        const last = visitors.at(-1);
        if (last === first || last === undefined) return;
        await untilChanged(this.#client, `${queue}/${last.name}`, signal);
        continue;
      }
      await this.#own.remove();
      if (first === undefined) return;
      await untilChanged(this.#client, `${queue}/${first.name}`, signal);
    }
  }

  async #visitors(queue: string, signal: AbortSignal): Promise<readonly Place[]> {
    try {
      const { children } = await this.#client.children(queue, { consistency: "strict", signal });
      return inOrder(children).filter(({ number }) => number <= this.#upTo);
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return [];
      throw error;
    }
  }
}

/** Up to which number all are let in, and the version of the node that says so. */
interface Opened {
  readonly upTo: number;
  readonly version: number | undefined;
}

function openedUpTo(text: string | undefined): number {
  return text === undefined || text === "" ? -1 : Number(text);
}

function arrivalNumber(path: string): number {
  return Number(path.slice(path.lastIndexOf("-") + 1));
}
