import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { Lane } from "../lane.ts";
import type { SessionEvent } from "../options.ts";
import type { Position } from "../position.ts";
import type { Receipt, Stat } from "../receipt.ts";
import { pause } from "../runtime.ts";
import { encodeToken } from "../token.ts";
import { fencingToken } from "./fencing-token.ts";
import { hasCode, mayPass } from "./retry.ts";

/** An ephemeral node as it was made or found. */
export interface MadeNode {
  readonly path: string;
  readonly stat: Stat;
  readonly receipt: Receipt;
}

/** Failures to take a node away, before it is tried again. */
const retryMs = 500;
/** Nodes that are gone again so soon are not worth a watch. */
const watchAfterMs = 1_000;

/**
 * An ephemeral node of ours, and what we hold through it: for as long as the session lives, nobody
 * takes it away, and we do not let go.
 */
export class OwnNode {
  readonly path: string;
  /** Grows from one node to the next; see `fencingToken`. */
  readonly fencingToken: number;
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #lane: Lane;
  readonly #session: number;
  readonly #czxid: number;
  readonly #position: Position;
  readonly #lost = new AbortController();
  readonly #unwatch = new AbortController();
  readonly #unlisten: () => void;
  #cancelWatch: () => void = () => undefined;
  #isLeft = false;

  constructor(client: Meridian, context: ClientContext, { path, stat, receipt }: MadeNode) {
    this.#client = client;
    this.#context = context;
    this.path = path;
    const cluster = context.performer.ownerOf(path);
    this.#lane = context.lanes.session(cluster);
    this.#session = stat.ephemeralOwner;
    this.#czxid = stat.czxid;
    this.#position = receipt.position;
    this.fencingToken = fencingToken(receipt.position.incarnation, stat.czxid);
    this.#unlisten = client.onSession((event) => {
      if (event.cluster === cluster && this.#isEndOfOurs(event)) this.#lose(this.gone());
    });
    if (!this.#hasSession) this.#lose(this.gone());
  }

  /** Aborted when the node is gone without our doing: what was held may be somebody else's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** What is held through it is certain to be ours now, by the client's own clock. */
  get isHeld(): boolean {
    return !this.#isLeft && this.isAlive;
  }

  /** The session is certain to keep the node now, by the client's own clock. */
  get isAlive(): boolean {
    if (this.#lost.signal.aborted || !this.#hasSession) return false;
    return this.#context.runtime.nowMs() < this.#lane.leaseEndsAtMs;
  }

  /** The error of what was held and is so no more. */
  gone(): MeridianError {
    return new MeridianError("SESSION_EXPIRED", `${this.path} has gone with its session`);
  }

  /**
   * From now on notices also that somebody else takes the node away, within moments. What is held
   * for less than a second is not worth a watch, and has none.
   */
  watchOver(): void {
    const { runtime } = this.#context;
    this.#cancelWatch = runtime.after(watchAfterMs, () => void this.#watch());
  }

  /** Takes the node away. Resolves when it is gone, or its session is over. Never rejects. */
  async remove(): Promise<void> {
    this.#isLeft = true;
    this.#cancelWatch();
    this.#unwatch.abort();
    let isSure = true;
    while (!this.#lost.signal.aborted && this.#hasSession) {
      try {
        // What took it away may have been the attempt before: the path may be somebody else's now.
        if (!isSure && !(await this.#isThere())) break;
        await this.#client.delete(this.path);
        break;
      } catch (error) {
        if (!mayPass(error)) break;
        isSure = false;
        await pause(this.#context.runtime, retryMs);
      }
    }
    this.leave();
  }

  /** The node is gone by our doing: nothing is held any more. */
  leave(): void {
    this.#isLeft = true;
    this.#cancelWatch();
    this.#unwatch.abort();
    this.#unlisten();
  }

  get #hasSession(): boolean {
    return this.#lane.isUsable && this.#lane.sessionId === this.#session;
  }

  #isEndOfOurs({ state, sessionId }: SessionEvent): boolean {
    return (state === "expired" || state === "closed") && sessionId === this.#session;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#unwatch;
    let from: string | undefined = encodeToken([this.#position]);
    while (!signal.aborted) {
      try {
        const options = { kind: "exists", consistency: "strict", withData: false } as const;
        await using watch = this.#client.watch(this.path, { ...options, from, signal });
        await watch.ready;
        // A watch from where the node was made misses nothing; a later one may have.
        if (from === undefined && !(await this.#isThere())) break;
        const { done, value } = await watch.next();
        if (done === true) return;
        if (value.kind === "deleted" || !(await this.#isThere())) break;
        from = value.token;
      } catch (error) {
        if (signal.aborted || !mayPass(error)) return;
        from = undefined;
        await pause(this.#context.runtime, retryMs);
      }
    }
    if (signal.aborted) return;
    this.#lose(new MeridianError("NO_NODE", `somebody has taken ${this.path} away`));
  }

  /** Reads behind our own writes whether the node is there, and is the one that we made. */
  async #isThere(): Promise<boolean> {
    try {
      const { stat } = await this.#client.exists(this.path, { consistency: "strict" });
      return stat?.czxid === this.#czxid;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return false;
      throw error;
    }
  }

  #lose(reason: MeridianError): void {
    this.#unlisten();
    this.#cancelWatch();
    this.#unwatch.abort();
    this.#lost.abort(reason);
  }
}
