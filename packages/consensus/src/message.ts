import type { Entry, NodeId, SnapshotMark } from "./entry.ts";

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** Term of the sender; for pre-votes the term that it would campaign in. */
  readonly term: number;
}

/** What members of a group send to each other. Loss, repetition and reordering do no harm. */
export type Message = Envelope &
  (
    | {
        readonly type: "append";
        /** Entry before the first of `entries`. */
        readonly index: number;
        readonly logTerm: number;
        readonly entries: readonly Entry[];
        readonly commit: number;
        /**
         * Tells the commit index alone, to a follower whose log is known to agree: nothing is to be
         * learnt from its consent, only from a refusal.
         */
        readonly quiet?: true;
      }
    | {
        readonly type: "append-answer";
        /** Accepted: the last index that matches. Refused: the `index` of the append. */
        readonly index: number;
        readonly reject: boolean;
        /** Refused: where the logs may still agree, and the follower's term there. */
        readonly hint: number;
        readonly logTerm: number;
      }
    | {
        readonly type: "heartbeat";
        readonly commit: number;
        /** Newest read round. */
        readonly context: number;
        /** By the leader's monotonic clock; only where reads are answered within a lease. */
        readonly sentMs?: number;
      }
    | {
        readonly type: "heartbeat-answer";
        /** Both echoed. */
        readonly context: number;
        readonly sentMs?: number;
      }
    | {
        readonly type: "pre-vote" | "vote";
        /** Last index and its term of the candidate. */
        readonly index: number;
        readonly logTerm: number;
        /** The old leader asked for this campaign: the lease of the voter does not count. */
        readonly transfer: boolean;
      }
    | { readonly type: "pre-vote-answer" | "vote-answer"; readonly reject: boolean }
    | { readonly type: "read-index"; readonly context: number }
    | {
        readonly type: "read-index-answer";
        readonly context: number;
        readonly index: number;
        readonly reject: boolean;
      }
    | { readonly type: "timeout-now" }
    | {
        /** A follower that lost its log asks what it must have before it may vote. */
        readonly type: "recover";
        /** Names this life of the follower; echoed. */
        readonly nonce: number;
      }
    | {
        readonly type: "recover-answer";
        readonly nonce: number;
        /** Last index of the leader's log when it was asked. */
        readonly index: number;
      }
    /** The driver carries the state itself, on a stream of its own. */
    | { readonly type: "snapshot"; readonly mark: SnapshotMark }
  );
