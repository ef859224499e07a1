import type { IResponse, MeridianError } from "@meridian/wire";
import type { Link } from "./link.ts";
import { requestBytes, type DraftRequest } from "./request.ts";

/**
 * Told once how a request ended: with an error, or with an answer and the link that it came over.
 * The response of a refused multi comes with its error.
 */
export type Settle = (
  error: MeridianError | undefined,
  response: IResponse | undefined,
  link: Link | undefined,
) => void;

/** What to do, for how long to try, and whom to tell. */
export interface Submission {
  readonly request: DraftRequest;
  /** A write: numbered within the session, sent until it is answered. */
  readonly isWrite: boolean;
  /** Runtime clock. A step that is not the last one leaves time for those after it. */
  readonly deadlineAtMs: number;
  /**
   * There is nobody else to ask: wait and retry. Otherwise fail as soon as nobody can be reached.
   */
  readonly isFinal: boolean;
  /** Clusters whose positions in the token this read must not go behind. */
  readonly origins: readonly string[];
  readonly settle: Settle;
}

/** A request on its way. */
export class Pending implements Submission {
  readonly isWrite: boolean;
  readonly deadlineAtMs: number;
  readonly isFinal: boolean;
  readonly origins: readonly string[];
  readonly settle: Settle;
  /** As first drafted; the one on its way is handed to the stream and no longer ours. */
  request: DraftRequest;
  /** Of the request that was sent last. */
  id = 0;
  /** Number of the submission on its lane: the order in which all are sent, and sent again. */
  order = 0;
  /** Number of the write in its session; 0 until it is sent for the first time. */
  sequence = 0;
  /** Bytes that it counts for. */
  readonly bytes: number;
  /** Has been sent and not been refused for certain. */
  maybeApplied = false;
  /** What `maybeApplied` was before it was last sent. */
  wasMaybeApplied = false;
  /** When it was last handed to a link. */
  sentAtMs: number = -Infinity;
  /** Why it was last refused, when it was sent again. */
  refusal: MeridianError | undefined;
  /** The caller has been told. A numbered write is still sent until it is answered. */
  isSettled = false;
  /** The server has answered it: its number is done with. */
  isAnswered = false;
  /** Its lane has nothing more to do with it. */
  isFinished = false;

  constructor(submission: Submission) {
    this.request = submission.request;
    this.isWrite = submission.isWrite;
    this.deadlineAtMs = submission.deadlineAtMs;
    this.isFinal = submission.isFinal;
    this.origins = submission.origins;
    this.settle = submission.settle;
    this.bytes = requestBytes(submission.request);
  }
}
