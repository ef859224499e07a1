import type { ClientContext } from "./client-context.ts";
import type { Lane } from "./lane.ts";
import type { Settle } from "./pending.ts";
import {
  createRequest,
  deleteRequest,
  draftRequest,
  setRequest,
  type DraftRequest,
} from "./request.ts";

/**
 * A session as a bare pipe: requests in, one callback each. Numbering, resending after a lost
 * connection and deadlines are the same as for the promises of `Meridian`, which are made of this.
 */
export class RawSession {
  readonly #lane: Lane;
  readonly #context: ClientContext;

  /** Use `Meridian.session`. */
  constructor(lane: Lane, context: ClientContext) {
    this.#lane = lane;
    this.#context = context;
  }

  /**
   * Sends a request. `settle` is called once: with an error, or with the response. The request
   * belongs to the session from here on; its `id`, `sequence`, `deadlineMs` and `after` are filled
   * in.
   */
  submit(request: DraftRequest, settle: Settle, deadlineMs?: number): void {
    const isWrite =
      (request.create ?? request.set ?? request.delete ?? request.multi) !== undefined;
    const nowMs = this.#context.runtime.nowMs();
    this.#lane.submit({
      request,
      isWrite,
      deadlineAtMs: nowMs + (deadlineMs ?? this.#context.deadlineMs),
      isFinal: true,
      origins: [this.#lane.name],
      settle,
    });
  }

  /** Creates a node; see `submit`. */
  create(path: string, data: Uint8Array, mode: number, settle: Settle): void {
    this.submit(createRequest({ path, data, mode, ttlMs: 0, parents: false }), settle);
  }

  /** Replaces data, whatever its version; see `submit`. */
  set(path: string, data: Uint8Array, settle: Settle): void {
    this.submit(setRequest({ path, data, version: -1 }), settle);
  }

  /** Deletes a node, whatever its version; see `submit`. */
  delete(path: string, settle: Settle): void {
    this.submit(deleteRequest({ path, version: -1 }), settle);
  }

  /** Reads a node with a consistency as on the wire; see `submit`. */
  get(path: string, consistency: number, settle: Settle): void {
    const request = draftRequest();
    request.get = { path };
    request.consistency = consistency;
    this.submit(request, settle);
  }
}
