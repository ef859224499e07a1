import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { MultiOperation } from "../options.ts";
import type { OperationOptions } from "../performer.ts";
import { Contender, type ContendOptions, oneByOne } from "./contender.ts";
import { fencingToken } from "./fencing-token.ts";
import { contestants, type Contestant } from "./line.ts";
import { requireOrder } from "./ordered-zone.ts";
import { OwnNode, type MadeNode } from "./own-node.ts";
import { WaitLimit } from "./wait-limit.ts";
import { hasCode, untilDone } from "./retry.ts";
import { SlotTable } from "./slot-table.ts";

/** Somebody who has a permit, as others see it. */
export interface PermitHolder extends Contestant {
  /** In `[0, permits)`. */
  readonly slot: number;
}

/** The number of permits is another one than that which was agreed on first. */
export class PermitsConflict extends MeridianError {
  /** What was agreed on. */
  readonly agreed: number;

  constructor(path: string, asked: number, agreed: number) {
    super("BAD_ARGUMENTS", `${path} has ${agreed} permits, not ${asked}`);
    this.agreed = agreed;
  }
}

const permitsMax = 1_000;

/**
 * A number of permits, fair in the order of arrival. Each is one of the slots 0 to `permits` - 1,
 * and a slot is a node of that name: so there are never more, whoever was paused for how long. Only
 * the first in the queue looks for a free slot; the others wait for the one before them.
 *
 * The first to come decides how many permits there are, and the node keeps the number.
 *
 * ```ts
 * await using permit = await meridian.semaphore("/pools/license", 3).acquire();
 * await seats.use(permit.slot, { fencingToken: permit.fencingToken });
 * ```
 */
export class Semaphore {
  readonly path: string;
  readonly permits: number;
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #slots: SlotTable;
  readonly #queue: string;

  /**
   * Use `Meridian.semaphore`.
   * @throws {MeridianError} BAD_ARGUMENTS for a number out of bounds.
   */
  constructor(client: Meridian, context: ClientContext, path: string, permits: number) {
    if (!Number.isInteger(permits) || permits < 1 || permits > permitsMax) {
      throw new MeridianError("BAD_ARGUMENTS", `a semaphore has 1 to ${permitsMax} permits`);
    }
    this.#client = client;
    this.#context = context;
    this.path = path;
    this.permits = permits;
    this.#slots = new SlotTable(client, `${path}/slots`, permits);
    this.#queue = `${path}/queue`;
  }

  /**
   * Waits until a permit is ours.
   * @throws {PermitsConflict} when another number was agreed on.
   * @throws {MeridianError} as `Lock.acquire`.
   */
  async acquire(options: ContendOptions = {}): Promise<Permit> {
    using limit = new WaitLimit(this.#context.runtime, this.path, options);
    const { signal } = limit;
    const { data = "" } = options;
    let check = await this.#agree(signal);
    const turn = await this.#contender().contend({ data, signal });
    const stop = AbortSignal.any([signal, turn.lost]);
    const attempt = new Attempt(this.#client, this.#context, this.#slots, turn);
    try {
      return await untilDone(this.#context, stop, async () => {
        for (;;) {
          // The slot that is waited for may be the one that we have taken without knowing it.
          const earlier = await attempt.find(stop);
          if (earlier !== undefined) return earlier;
          const slot = await this.#slots.untilFree(stop);
          const permit = await attempt.take(slot, data, check, stop);
          if (permit !== undefined) return permit;
          check = await this.#agree(stop);
        }
      });
    } catch (error) {
      attempt.abandon();
      throw error;
    }
  }

  /**
   * Takes a permit if one is free, or becomes free within `deadlineMs`; undefined otherwise.
   * Without a time it does not wait at all. It does not overtake those who wait already.
   * @throws as `acquire`, but for DEADLINE after `deadlineMs`.
   */
  async tryAcquire(options: ContendOptions = {}): Promise<Permit | undefined> {
    const { deadlineMs = 0, signal, data = "" } = options;
    if (deadlineMs > 0) {
      using limit = new WaitLimit(this.#context.runtime, this.path, { signal, deadlineMs });
      try {
        return await this.acquire({ data, signal: limit.signal });
      } catch (error) {
        if (limit.isOver && signal?.aborted !== true) return undefined;
        throw error;
      }
    }
    const check = await this.#agree(signal);
    const slot = await this.#slots.free(signal);
    if (slot === undefined) return undefined;
    const turn = await this.#contender().tryContend({ data, signal });
    if (turn === undefined) return undefined;
    const attempt = new Attempt(this.#client, this.#context, this.#slots, turn);
    try {
      const taken = await attempt.take(slot, data, check, signal);
      const permit = taken ?? (await attempt.find(signal));
      if (permit === undefined) await turn.remove();
      return permit;
    } catch (error) {
      attempt.abandon();
      throw error;
    }
  }

  /** Who has a permit, by slot. */
  async holders(options: OperationOptions = {}): Promise<readonly PermitHolder[]> {
    return (await this.#slots.taken(options)).map(({ slot, path, stat, data, incarnation }) => ({
      slot,
      path,
      data,
      text: new TextDecoder().decode(data),
      fencingToken: fencingToken(incarnation, stat.czxid),
      session: stat.ephemeralOwner,
      sinceMs: stat.ctimeMs,
    }));
  }

  /** Who waits for a permit, in the order in which they will get one. */
  async waiters(options: OperationOptions = {}): Promise<readonly Contestant[]> {
    return await contestants(this.#client, this.#queue, options);
  }

  #contender(): Contender {
    return new Contender(this.#client, this.#context, this.#queue, oneByOne);
  }

  /** Settles how many permits there are. Gives the part of a multi that makes sure of it. */
  async #agree(signal: AbortSignal | undefined): Promise<MultiOperation> {
    requireOrder(this.#context, this.path, "semaphores");
    const { path, permits } = this;
    return await untilDone(this.#context, signal, async () => {
      for (;;) {
        try {
          const { text, stat } = await this.#client.get(path, { consistency: "strict", signal });
          const { version } = stat;
          if (text === `${permits}`) return { kind: "check", path, version };
          if (text !== "") throw new PermitsConflict(path, permits, Number(text));
          // The node was there before its semaphore.
          await this.#client.set(path, `${permits}`, { version, signal });
        } catch (error) {
          if (hasCode(error, "NO_NODE")) await this.#found(signal);
          else if (!hasCode(error, "BAD_VERSION")) throw error;
        }
      }
    });
  }

  async #found(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#client.create(this.path, `${this.permits}`, { parents: true, signal });
    } catch (error) {
      if (!hasCode(error, "NODE_EXISTS")) throw error;
    }
  }
}

/** A permit that is ours until it is released, or until the session ends. */
export class Permit implements AsyncDisposable {
  /** In `[0, permits)`: nobody else has the permit of this number. */
  readonly slot: number;
  /** Path of the own node. */
  readonly path: string;
  /**
   * Grows from permit to permit. Others hold permits with other tokens at the same time, so that a
   * guard has to compare the tokens of each slot for itself.
   */
  readonly fencingToken: number;
  /** Aborted when the session ends, or the own node is taken away. It never comes back. */
  readonly lost: AbortSignal;
  readonly #own: OwnNode;

  /** Use `Semaphore.acquire`. */
  constructor(own: OwnNode, slot: number) {
    this.#own = own;
    this.slot = slot;
    this.path = own.path;
    this.fencingToken = own.fencingToken;
    this.lost = own.lost;
    own.watchOver();
  }

  /** Certain to be held now, by the client's own clock. */
  get isHeld(): boolean {
    return this.#own.isHeld;
  }

  /** As `HeldLock.check`: what is in a `multi` with it happens only while the permit is held. */
  get check(): MultiOperation {
    return { kind: "check", path: this.path };
  }

  /** Gives it to the next. Resolves at the latest when the session could no longer hold it. */
  release(): Promise<void> {
    return this.#own.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** Whoever is first in the queue makes a permit of its turn: both nodes change hands in one. */
class Attempt {
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #slots: SlotTable;
  readonly #turn: OwnNode;
  readonly #mark: string;
  /** A slot may have been taken that we do not know of. */
  #isOpen = false;

  constructor(client: Meridian, context: ClientContext, slots: SlotTable, turn: OwnNode) {
    this.#client = client;
    this.#context = context;
    this.#slots = slots;
    this.#turn = turn;
    this.#mark = slots.newMark(context.runtime);
  }

  /** The permit that an attempt of unknown fate has given, if it has. */
  async find(signal: AbortSignal | undefined): Promise<Permit | undefined> {
    if (!this.#isOpen) return undefined;
    const found = await this.#slots.find(this.#mark, signal);
    this.#isOpen = false;
    return found === undefined ? undefined : this.#permit(found);
  }

  /**
   * Undefined: the slot is somebody else's, the number of permits was written meanwhile, or nobody
   * knows what became of it, and it has to be looked for.
   */
  async take(
    slot: number,
    data: string | Uint8Array,
    check: MultiOperation,
    signal: AbortSignal | undefined,
  ): Promise<Permit | undefined> {
    const taking = this.#slots.taking(slot, this.#mark, data);
    const leaving: MultiOperation = { kind: "delete", path: this.#turn.path };
    this.#isOpen = true;
    try {
      const { parts, receipt } = await this.#client.multi([check, leaving, taking], { signal });
      const [, , made] = parts;
      if (made?.stat === undefined) throw new MeridianError("CORRUPT", "the answer lacks a Stat");
      return this.#permit({ path: made.path, stat: made.stat, receipt });
    } catch (error) {
      signal?.throwIfAborted();
      if (hasCode(error, "UNKNOWN")) return undefined;
      this.#isOpen = false;
      if (hasCode(error, "NO_NODE")) throw this.#turn.gone();
      if (!hasCode(error, "NODE_EXISTS", "BAD_VERSION")) throw error;
      return undefined;
    }
  }

  /** Leaves neither a place in the queue behind nor a slot. */
  abandon(): void {
    void this.#sweep();
  }

  async #sweep(): Promise<void> {
    try {
      const found = this.#isOpen
        ? await untilDone(this.#context, this.#turn.lost, () => this.#slots.find(this.#mark))
        : undefined;
      if (found !== undefined) await new OwnNode(this.#client, this.#context, found).remove();
    } catch {
      // Then it goes with the session, as everything does that nobody can reach.
    }
    await this.#turn.remove();
  }

  #permit(made: MadeNode): Permit {
    this.#turn.leave();
    const own = new OwnNode(this.#client, this.#context, made);
    if (!own.isAlive) {
      void own.remove();
      throw own.gone();
    }
    return new Permit(own, Number(made.path.slice(made.path.lastIndexOf("/") + 1)));
  }
}
