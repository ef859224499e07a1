import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { MultiOperation } from "../options.ts";
import type { OperationOptions } from "../performer.ts";
import { Contender, type ContendOptions, oneByOne } from "./contender.ts";
import { fencingToken } from "./fencing-token.ts";
import { contestants, inOrder, type Contestant } from "./line.ts";
import { requireOrder } from "./ordered-zone.ts";
import type { OwnNode } from "./own-node.ts";
import { hasCode, untilDone } from "./retry.ts";

/** How to stand for election; `data` is what the others learn of the leader. */
export type ElectOptions = ContendOptions;

/** Who leads, as others see it. */
export interface Leader {
  readonly path: string;
  readonly data: Uint8Array;
  readonly text: string;
  readonly fencingToken: number;
}

/**
 * An election of one leader among those who stand for it; the one who came first wins.
 *
 * ```ts
 * await using leadership = await meridian.election("/services/mail").elect({ data: "host-7" });
 * while (leadership.isLeader) await deliver(leadership.fencingToken);
 * ```
 */
export class Election {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.election`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /**
   * Stands for election and waits until it is won.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; SESSION_EXPIRED; DEADLINE after
   * `deadlineMs`; the reason of the signal. Who gives up stands no more.
   */
  async elect(options: ElectOptions = {}): Promise<Leadership> {
    requireOrder(this.#context, this.path, "elections");
    const contender = new Contender(this.#client, this.#context, this.path, oneByOne);
    return new Leadership(await contender.contend(options), this.#client);
  }

  /** Who leads now, if anybody does. */
  async leader(options: OperationOptions = {}): Promise<Leader | undefined> {
    return (await this.#look(options))?.leader;
  }

  /** Who stands for election and does not lead, in the order in which they would. */
  async candidates(options: OperationOptions = {}): Promise<readonly Contestant[]> {
    return (await contestants(this.#client, this.path, options)).slice(1);
  }

  /**
   * Who leads now, and from then on who leads next, with `undefined` while nobody does. Several
   * changes between two looks may show as one; the last one always shows. Needs no session.
   * Ends with the signal, and with the iteration.
   */
  async *observe(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Leader | undefined, void, undefined> {
    const stop = new AbortController();
    const signal =
      options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
    try {
      let seen = await this.#lookAgain(signal);
      yield seen?.leader;
      for (;;) {
        const next = await this.#change(seen, signal);
        const isNews = next?.identity !== seen?.identity;
        seen = next;
        if (isNews) yield next?.leader;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop.abort();
    }
  }

  /** The next look at which there may be something else to see. */
  #change(seen: Look | undefined, signal: AbortSignal): Promise<Look | undefined> {
    return untilDone(this.#context, signal, async () => {
      // Whoever stands behind the leader comes and goes without waking those who only look on.
      const path = seen?.leader.path ?? this.path;
      const kind = seen === undefined ? "persistent" : "exists";
      const options = { kind, consistency: "strict", withData: false, signal } as const;
      await using watch = this.#client.watch(path, options);
      await watch.ready;
      const look = await this.#look({ signal });
      if (look?.identity !== seen?.identity) return look;
      await watch.next();
      signal.throwIfAborted();
      return await this.#look({ signal });
    });
  }

  #lookAgain(signal: AbortSignal): Promise<Look | undefined> {
    return untilDone(this.#context, signal, () => this.#look({ signal }));
  }

  async #look(options: OperationOptions): Promise<Look | undefined> {
    requireOrder(this.#context, this.path, "elections");
    const strict = { ...options, consistency: "strict" } as const;
    for (;;) {
      try {
        const { children } = await this.#client.children(this.path, strict);
        const [first] = inOrder(children);
        if (first === undefined) return undefined;
        const { path, data, text, stat, receipt } = await this.#client.get(
          `${this.path}/${first.name}`,
          strict,
        );
        const token = fencingToken(receipt.position.incarnation, stat.czxid);
        const leader = { path, data, text, fencingToken: token };
        return { leader, identity: `${path} ${stat.version}` };
      } catch (error) {
        if (!hasCode(error, "NO_NODE")) throw error;
        // Either nobody has stood yet, or the leader went between the two reads.
        const { exists } = await this.#client.exists(this.path, strict);
        if (!exists) return undefined;
      }
    }
  }
}

/** Who leads, and what changes when there is something else to tell. */
interface Look {
  readonly leader: Leader;
  readonly identity: string;
}

/** Leadership that is ours until it is resigned, or until the session ends. */
export class Leadership implements AsyncDisposable {
  /** Path of the own node. */
  readonly path: string;
  /** Grows from leader to leader; see `HeldLock.fencingToken`. */
  readonly fencingToken: number;
  /** Aborted when the session ends or the own node is taken away: somebody else may lead. */
  readonly lost: AbortSignal;
  readonly #own: OwnNode;
  readonly #client: Meridian;

  /** Use `Election.elect`. */
  constructor(own: OwnNode, client: Meridian) {
    this.#own = own;
    this.#client = client;
    this.path = own.path;
    this.fencingToken = own.fencingToken;
    this.lost = own.lost;
    own.watchOver();
  }

  /** Certain to lead now, by the client's own clock. */
  get isLeader(): boolean {
    return this.#own.isHeld;
  }

  /** As `HeldLock.check`: what is in a `multi` with it happens only under this leadership. */
  get check(): MultiOperation {
    return { kind: "check", path: this.path };
  }

  /**
   * Tells the others something new of the leader.
   * @throws {MeridianError} as `Meridian.set`; NO_NODE when we do not lead any more.
   */
  async announce(data: string | Uint8Array): Promise<void> {
    await this.#client.set(this.path, data);
  }

  /** Lets the next one lead. Resolves at the latest when the session could no longer lead. */
  resign(): Promise<void> {
    return this.#own.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resign();
  }
}
