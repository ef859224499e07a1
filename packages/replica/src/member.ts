import type { Position, Tree } from "@meridian/tree";
import type { OfferedWrite } from "./write-queue.ts";

/** Where a node stands. */
export interface Place {
  readonly node: string;
  readonly region: string;
  readonly tier: "global" | "regional" | "edge";
  /** Cluster that the node belongs to; at an edge the cluster that it follows. */
  readonly cluster: string;
}

/** Up to where two incarnations of a cluster have the same beyond doubt. */
export interface Parting {
  /** That was abandoned. */
  readonly incarnation: number;
  /** Whoever has seen no more of it has seen nothing that does not count; 0: nobody knows. */
  readonly index: number;
}

/** What the services for clients need from the node that they run in: a group member or an edge. */
export interface Member {
  readonly place: Place;
  /** Incarnation of the place's cluster. */
  readonly incarnation: number;
  /** Where it left the one before; undefined: it left none, or nobody has said yet. */
  readonly parting?: Parting | undefined;
  /** The current tree; replaced when a snapshot arrives. */
  readonly tree: Tree;
  /** Node that leads the cluster, as far as known; undefined at an edge. */
  readonly leader: string | undefined;
  /**
   * False: the node is not admitted to its group yet, or lost its data and found no leader to get
   * it from. There is nothing that it could tell anybody, now or in a while.
   */
  readonly takesPart: boolean;
  /** False: clients with a session should go elsewhere: no leader was heard of for long. */
  readonly serving: boolean;
  /**
   * The leader, who decides whether sessions live, has been reached of late. Otherwise nothing may
   * be sent to them from which they would see that their session lives.
   */
  readonly vouches: boolean;
  /** Takes a write. False: too many are pending, come again after `retryAfterMs`. */
  submit(write: OfferedWrite): boolean;
  /** When to submit a write again that was refused. */
  readonly retryAfterMs: number;
  /** Calls back when a read is linearizable, or with false at the deadline. */
  barrier(deadlineAtMs: number, done: (passed: boolean) => void): void;
  /**
   * Upper bound of the age of this node's view of a cluster, in milliseconds; Infinity when
   * unknown.
   */
  ageMs(cluster: string): number;
  /** Index of another cluster up to which nothing is missing here, where this is its cursor. */
  reach(cursor: Position): number;
  /** A client of a session gave a sign of life. */
  touch(session: number): void;
}
