import type { ClientContext } from "./client-context.ts";
import type { Lane } from "./lane.ts";
import type { Settle } from "./pending.ts";
import { draftRequest } from "./request.ts";

/**
 * Reads of one cluster as a bare pipe, at whichever of its replicas is near and without a session.
 * What was seen is kept to, and resent after a lost connection, as for the promises of `Meridian`.
 */
export class RawReader {
  readonly #lane: Lane;
  readonly #cluster: string;
  readonly #context: ClientContext;

  /** Use `Meridian.reader`. `lane`: the one without a session to the cluster. */
  constructor(lane: Lane, cluster: string, context: ClientContext) {
    this.#lane = lane;
    this.#cluster = cluster;
    this.#context = context;
  }

  /**
   * Reads a node with a consistency as on the wire. `settle` is called once: with an error, or with
   * the response.
   */
  get(path: string, consistency: number, settle: Settle): void {
    const request = draftRequest();
    request.get = { path };
    request.consistency = consistency;
    this.#lane.submit({
      request,
      isWrite: false,
      deadlineAtMs: this.#context.runtime.nowMs() + this.#context.deadlineMs,
      isFinal: true,
      origins: [this.#cluster],
      settle,
    });
  }
}
