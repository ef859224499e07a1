import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import { Contender, type ContendOptions } from "./contender.ts";

/** How to stand for election. */
export interface ElectOptions extends ContendOptions {
  /** What the others learn of the leader: a name, an address. */
  readonly data?: string | Uint8Array | undefined;
}

/** Who leads, as others see it. */
export interface Leader {
  readonly path: string;
  readonly data: Uint8Array;
  readonly text: string;
  readonly fencingToken: number;
}

/** An election of one leader among those who stand for it; the one who came first wins. */
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
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; SESSION_EXPIRED; the reason of the
   * signal.
   */
  async elect(options: ElectOptions = {}): Promise<Leadership> {
    const contender = new Contender(this.#client, this.#context, this.path);
    await contender.contend(options.data ?? "", options.signal);
    return new Leadership(contender);
  }

  /** Who leads now, if anybody does. */
  async leader(): Promise<Leader | undefined> {
    const strict = { consistency: "strict" } as const;
    for (;;) {
      try {
        const { names } = await this.#client.children(this.path, strict);
        const first = Contender.inOrder(names)[0];
        if (first === undefined) return undefined;
        const node = await this.#client.get(`${this.path}/${first}`, strict);
        const { path, data, text } = node;
        return { path, data, text, fencingToken: node.stat.czxid };
      } catch (error) {
        if (!(error instanceof MeridianError) || error.code !== "NO_NODE") throw error;
        // Either nobody has stood yet, or the leader went between the two reads.
        const { exists } = await this.#client.exists(this.path, strict);
        if (!exists) return undefined;
      }
    }
  }
}

/** Leadership that is ours until it is resigned, or until the session ends. */
export class Leadership implements AsyncDisposable {
  /** Path of the own node. */
  readonly path: string;
  /** Grows from leader to leader; see `HeldLock.fencingToken`. */
  readonly fencingToken: number;
  /** Aborted when the session ends: somebody else may lead. */
  readonly lost: AbortSignal;
  readonly #contender: Contender;

  /** Use `Election.elect`. */
  constructor(contender: Contender) {
    this.#contender = contender;
    this.path = contender.path;
    this.fencingToken = contender.fencingToken;
    this.lost = contender.lost;
  }

  /** Certain to lead now, by the client's own clock. */
  get isLeader(): boolean {
    return this.#contender.isAlive && this.#contender.path !== "";
  }

  /** Lets the next one lead. Resolves at the latest when the session could no longer lead. */
  resign(): Promise<void> {
    return this.#contender.leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resign();
  }
}
