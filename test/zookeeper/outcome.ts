import type { Step } from "./operation.ts";

/** What both sides tell of a node, in the same words. */
export interface NodeStat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Name of the session; "" for none; else what the side says. */
  readonly owner: string;
  readonly dataLength: number;
  readonly numChildren: number;
}

/** What came of a part of a multi. */
export interface PartOutcome {
  /** "" when it was done, or when it would have been had not another one failed. */
  readonly code: string;
  /** Creates: the path made. */
  readonly path?: string;
  readonly stat?: NodeStat;
}

/** What came of an operation. */
export interface Outcome {
  /** "" or the platform's code. */
  readonly code: string;
  /** Creates: the path made. */
  readonly path?: string;
  readonly stat?: NodeStat;
  /** A character of the first 256 for each byte. */
  readonly data?: string;
  /** Children, sorted: ZooKeeper promises no order. */
  readonly names?: readonly string[];
  readonly parts?: readonly PartOutcome[];
}

/** What a watch reports. */
export type EventType = "created" | "changed" | "deleted" | "children" | "removed";

/** What a session was told, in the order in which it was. */
export type Told =
  | { readonly kind: "answer"; readonly id: number; readonly outcome: Outcome }
  | {
      readonly kind: "event";
      /** The operation that left the watch. */
      readonly watch: number;
      readonly type: EventType;
      readonly path: string;
      /** Which transaction it was, where the side tells. */
      readonly transaction?: number;
    };

/** What a script brought about at one side. */
export interface Transcript {
  /** By session. */
  readonly told: ReadonlyMap<string, readonly Told[]>;
  /** Transactions of writes that were answered; others came of ended sessions. Only where told. */
  readonly written: ReadonlySet<number>;
}

/** A side of the comparison: does the steps of a script and keeps what its sessions are told. */
export interface Side extends AsyncDisposable {
  /** For messages. */
  readonly name: string;
  /** Does one step, and resolves when all of it was answered. */
  perform(step: Step): Promise<void>;
  readonly transcript: Transcript;
}
