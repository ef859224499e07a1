import type { Configuration, NodeId, Random, SoftState, Timing } from "@meridian/consensus";
import type { Storage } from "@meridian/storage";
import type { PeerHandler, PeerTransport } from "@meridian/transport";
import type { Applied, Tree } from "@meridian/tree";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Relays } from "./relays.ts";

/** Clockwork of a group; the same for all its members, but for `electionTicks`. */
export interface ReplicaTiming extends Timing {
  readonly tickMs: number;
  /**
   * "lease": strict reads at the leader take no round to a quorum, as long as all members' clocks
   * run about equally fast. By default every strict read is confirmed by a quorum.
   */
  readonly reads?: "lease";
}

/** What a member is told to be. */
export interface ReplicaOptions {
  readonly node: NodeId;
  readonly cluster: string;
  readonly incarnation: number;
  /** Keeps the log and no tree. */
  readonly witness: boolean;
  /** Of a new group; a stored one wins. */
  readonly configuration: Configuration;
  readonly timing: ReplicaTiming;
  readonly storage: Storage;
  /** Takes part in nothing until `admit` is called. */
  readonly dormant: boolean;
  /** Tree as stored, up to the storage's snapshot; empty without one. See `restoreTree`. */
  readonly tree: Tree;
  readonly connect: (handler: PeerHandler) => PeerTransport;
  /** How messages get to members in other regions. */
  readonly relays: Relays;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called once when durability can no longer be promised. The process must end. */
  readonly fatal: (error: Error) => void;
  /** Entries between two snapshots, and kept behind one. */
  readonly snapshotEntries: number;
  readonly keptEntries: number;
  readonly limits: { readonly writesMax: number; readonly writeBytesMax: number };
}

/** What other parts of a node want to know. Called from within the loop; must return quickly. */
export interface ReplicaListener {
  /** An entry was applied; `index` is its own. */
  onApplied?(index: number, applied: Applied): void;
  /** The tree was replaced by a snapshot: whoever follows must start again from positions. */
  onRestored?(): void;
  /** Role, term or leader changed. */
  onSoftState?(soft: SoftState): void;
  /** A peer says that the cluster has a later incarnation. */
  onSuperseded?(peer: NodeId): void;
  /** A turn of the loop has ended: send what was collected. */
  onTurnEnd?(): void;
}
