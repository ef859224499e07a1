import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { ReadOptions } from "../options.ts";
import { standingOf } from "../standing.ts";
import type { CachedSubtreeOptions } from "./cached-subtree.ts";
import type { CounterStep, Stepped } from "./counter-line.ts";
import { CounterState } from "./counter-state.ts";
import { hasCode } from "./retry.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";

/** A step may have to be looked up and repeated: it gets the time of so many operations. */
const patienceShare = 3;

/**
 * A whole number that many count together, between -(2^53 - 1) and 2^53 - 1. What is not there yet
 * counts as 0 and is made with the first step.
 *
 * Strict and regional zones: one node, whose text is the number. Each step is taken exactly once,
 * whatever becomes of connections, leaders and sessions; where that cannot be told it ends with
 * UNKNOWN and is not repeated. Steps of one client that come together go as one write.
 *
 * Eventual zones: a child for each region, in which the clients of that region count in the same
 * way; the number is their sum. Regions count while they are cut off from each other, and see the
 * exact sum once they have heard of each other. It cannot be set there, because no region knows
 * what the others are about to count.
 */
export class Counter {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.counter`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /** The number. Options as of any read; in an eventual zone as this region knows it. */
  async get(options: ReadOptions = {}): Promise<number> {
    if (this.#isShared) return await this.#sum(options);
    try {
      const { text } = await this.#client.get(this.path, options);
      return CounterState.decode(this.path, text).value;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return 0;
      throw error;
    }
  }

  /** Counts one up. Gives the number after that. */
  increment(options: WaitOptions = {}): Promise<number> {
    return this.add(1, options);
  }

  /** Counts one down. Gives the number after that. */
  decrement(options: WaitOptions = {}): Promise<number> {
    return this.add(-1, options);
  }

  /**
   * Adds a whole number. Gives the number after that; in an eventual zone the sum as this region
   * knows it, behind the own step.
   * @throws {MeridianError} UNKNOWN when it may have been added; with every other code it was not.
   * DEADLINE when the time was over; TOO_LARGE when the number would leave its bounds.
   */
  async add(amount: number, options: WaitOptions = {}): Promise<number> {
    if (!Number.isSafeInteger(amount)) {
      throw new MeridianError("BAD_ARGUMENTS", `${amount} is no whole number within 2^53 - 1`);
    }
    const { after } = await this.#take((value) => value + amount, options);
    if (this.#isShared) return await this.#sum({ consistency: "regional" });
    return after ?? 0;
  }

  /**
   * Makes it this number. Gives the number before.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; as `add`.
   */
  async set(value: number, options: WaitOptions = {}): Promise<number> {
    this.#requireOrder();
    return (await this.#take(() => value, options)).before;
  }

  /**
   * Makes it `value` if it is `expected`. Gives whether it did.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; as `add`.
   */
  async compareAndSet(
    expected: number,
    value: number,
    options: WaitOptions = {},
  ): Promise<boolean> {
    this.#requireOrder();
    const step: CounterStep = (now) => (now === expected ? value : undefined);
    return (await this.#take(step, options)).after !== undefined;
  }

  /**
   * The number now and after each change, until it is ended. Changes that come close after each
   * other may be told as one. Options as of `Meridian.cachedSubtree`.
   */
  async *watch(options: CachedSubtreeOptions = {}): AsyncGenerator<number, undefined> {
    await using cached = this.#client.cachedSubtree(this.path, options);
    const changes = cached[Symbol.asyncIterator]();
    try {
      await cached.ready;
    } catch (error) {
      if (options.signal?.aborted === true) return undefined;
      throw error;
    }
    let told = this.#valueIn(cached);
    yield told;
    for await (const _ of changes) {
      const value = cached.isReady ? this.#valueIn(cached) : told;
      if (value === told) continue;
      told = value;
      yield value;
    }
    return undefined;
  }

  get #isShared(): boolean {
    return this.#context.performer.policyOf(this.path).consistency === "eventual";
  }

  #requireOrder(): void {
    if (!this.#isShared) return;
    const message = `${this.path} lies in an eventual zone, where it can only be added to`;
    throw new MeridianError("UNSUPPORTED", message);
  }

  async #take(step: CounterStep, options: WaitOptions): Promise<Stepped> {
    const { performer, runtime, deadlineMs: usualMs } = this.#context;
    const owner = performer.ownerOf(this.path);
    const path = this.#isShared ? `${this.path}/${owner}` : this.path;
    const line = standingOf(this.#context).memory.counterLine(path);
    const { signal, deadlineMs = patienceShare * usualMs } = options;
    using limit = new WaitLimit(runtime, path, { signal, deadlineMs });
    return await line.take(step, limit.signal);
  }

  async #sum(options: ReadOptions): Promise<number> {
    try {
      const list = await this.#client.children(this.path, { ...options, withData: true });
      return list.children.reduce((sum, { name, data }) => {
        const text = new TextDecoder().decode(data);
        return sum + CounterState.decode(`${this.path}/${name}`, text).value;
      }, 0);
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return 0;
      throw error;
    }
  }

  #valueIn(cached: {
    get(path: string): { readonly text: string } | undefined;
    children(path: string): readonly string[] | undefined;
  }): number {
    const paths = this.#isShared
      ? (cached.children(this.path) ?? []).map((name) => `${this.path}/${name}`)
      : [this.path];
    return paths.reduce((sum, path) => {
      return sum + CounterState.decode(path, cached.get(path)?.text ?? "").value;
    }, 0);
  }
}
