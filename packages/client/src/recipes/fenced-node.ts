import type { Meridian } from "../client.ts";
import type { MultiOperation } from "../options.ts";
import type { OperationOptions } from "../performer.ts";
import type { Receipt } from "../receipt.ts";
import { StaleTokenError } from "./fencing-guard.ts";
import { hasCode } from "./retry.ts";

/** Data that was read with a token, and what a write has to find unchanged. */
export interface FencedValue {
  readonly data: Uint8Array;
  readonly text: string;
  readonly receipt: Receipt;
}

/**
 * A znode that refuses writers whose fencing token is lower than one that it has seen, whatever
 * cluster their lock is in. The token lies in a node below, and every use is one transaction that
 * finds that token unchanged: of two who use it at the same time, the one with the lower token
 * loses, whoever is first.
 *
 * Where lock and node belong to one cluster, `HeldLock.check` in a `multi` does the same for less.
 *
 * ```ts
 * const balance = new FencedNode(meridian, "/accounts/17");
 * const { text } = await balance.read(lock.fencingToken);
 * await balance.write(lock.fencingToken, `${Number(text) + 1}`);
 * ```
 */
export class FencedNode {
  readonly path: string;
  readonly #client: Meridian;
  readonly #tokenPath: string;

  /** The node at `path` must exist; the token is kept in its child `token`. */
  constructor(client: Meridian, path: string) {
    this.#client = client;
    this.path = path;
    this.#tokenPath = `${path}/token`;
  }

  /**
   * Reads the node, strictly, and shuts out everybody with a lower token from here on.
   * @throws {StaleTokenError} when a higher token was seen.
   */
  async read(token: number, options: OperationOptions = {}): Promise<FencedValue> {
    await this.#show(token, options, []);
    const reading = { ...options, consistency: "strict" } as const;
    const { data, text, receipt } = await this.#client.get(this.path, reading);
    return { data, text, receipt };
  }

  /**
   * Replaces the data of the node.
   * @throws {StaleTokenError} when a higher token was seen: nothing was written.
   * @throws {MeridianError} as `Meridian.multi`; UNKNOWN leaves open whether it was written.
   */
  async write(
    token: number,
    data: string | Uint8Array,
    options: OperationOptions = {},
  ): Promise<void> {
    await this.#show(token, options, [{ kind: "set", path: this.path, data }]);
  }

  /** Does these parts in one transaction with a look at the token, and keeps it if it is higher. */
  async #show(
    token: number,
    options: OperationOptions,
    parts: readonly MultiOperation[],
  ): Promise<void> {
    for (;;) {
      const seen = await this.#seen(options);
      if (token < seen.token) throw new StaleTokenError(this.path, token, seen.token);
      if (token === seen.token && parts.length === 0) return;
      try {
        await this.#client.multi([this.#keeping(token, seen), ...parts], options);
        return;
      } catch (error) {
        // Somebody else has shown a token in between: it is looked at again.
        if (!hasCode(error, "BAD_VERSION", "NODE_EXISTS")) throw error;
      }
    }
  }

  #keeping(token: number, { token: seen, version }: SeenToken): MultiOperation {
    const path = this.#tokenPath;
    if (version === undefined) return { kind: "create", path, data: `${token}` };
    if (token === seen) return { kind: "check", path, version };
    return { kind: "set", path, data: `${token}`, version };
  }

  async #seen(options: OperationOptions): Promise<SeenToken> {
    try {
      const reading = { ...options, consistency: "strict" } as const;
      const { text, stat } = await this.#client.get(this.#tokenPath, reading);
      return { token: Number(text), version: stat.version };
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      return { token: 0, version: undefined };
    }
  }
}

/** The highest token that a node has seen, and the version of the node that says so. */
interface SeenToken {
  readonly token: number;
  readonly version: number | undefined;
}
