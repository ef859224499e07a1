import type { WatchKindName } from "@meridian/client";

/** What a watch tells of one change. */
export interface Told {
  readonly kind: "created" | "changed" | "deleted" | "children";
  readonly path: string;
  /** Index of the transaction, in the cluster that owns the path. */
  readonly index: number;
  /** As text; undefined for deletions, and where no data was asked for. */
  readonly data: string | undefined;
}

/** Something that happened to a watch, in the order in which its client saw it. */
export type Step =
  /** It starts anew, behind a read or wherever its node is. What came before is nothing to it. */
  | { readonly kind: "began"; readonly index: number }
  /** It goes on behind a position, perhaps at another node: nothing may be missing or doubled. */
  | { readonly kind: "resumed"; readonly index: number }
  /** Events that came together. `reached`: everything up to there has been told, they say. */
  | {
      readonly kind: "events";
      readonly events: readonly Told[];
      readonly reached: number | undefined;
    }
  /** No events: everything up to there has been told, it says. */
  | { readonly kind: "progress"; readonly reached: number };

/** All that the client of one watch saw of it. */
export interface WatchLog {
  /** For messages. */
  readonly name: string;
  readonly path: string;
  readonly watch: WatchKindName;
  readonly withData: boolean;
  /** Each `events` step is one message of the server; otherwise one event, as an iterator gives. */
  readonly isWhole: boolean;
  readonly steps: readonly Step[];
}

/** One committed change, as the model needs it. */
export interface CommittedChange {
  readonly kind: "created" | "changed" | "deleted";
  readonly path: string;
  readonly data: string;
}

/** One committed transaction of the cluster that owns what is watched. */
export interface Committed {
  readonly index: number;
  readonly changes: readonly CommittedChange[];
}
