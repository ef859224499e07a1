import type { Message, NodeId, SnapshotMark } from "@meridian/consensus";
import type { Encodable, IMeetResponse, IRefoundRequest, IRefoundResponse } from "@meridian/wire";

/**
 * What one member sends to another in one turn of its loop; protos/meridian/v1/peer.proto says what
 * each part is.
 */
export interface PeerFrame {
  readonly messages: readonly PeerMessage[];
  readonly forwards: readonly Forward[];
  readonly forwardAnswers: readonly ForwardAnswer[];
  readonly liveness: LivenessReport | undefined;
  readonly livenessAnswer: LivenessAnswer | undefined;
  /** The receiver is in another region, and unpacks entries: they are packed if that saves much. */
  readonly isFar?: boolean;
}

/** A message of the consensus, or one for several members of a region. */
export type PeerMessage = Message & {
  /**
   * Appends to another region: the receiver hands it on to these neighbours of its own. `to` may
   * be one of them; then it is not for the receiver itself.
   */
  readonly handTo?: readonly NodeId[];
};

/** What a member understands beyond the first version; said in its hello. */
export interface PeerAbilities {
  /** Hands appends on to its neighbours. */
  readonly handsOn: boolean;
  /** Reads packed entries. */
  readonly unpacks: boolean;
}

/** Commands of clients connected to a member that does not lead, in the order of their arrival. */
export interface Forward {
  readonly epoch: number;
  readonly number: number;
  readonly commands: readonly Uint8Array[];
}

/** What the leader says to a forward. Refused: it takes nothing of this epoch from there on. */
export interface ForwardAnswer {
  readonly epoch: number;
  readonly number: number;
  readonly accepted: boolean;
  readonly overloaded: boolean;
}

/** Follower to leader: which sessions live. */
export interface LivenessReport {
  readonly sessions: readonly number[];
  readonly sentAtMs: number;
  readonly applied: number;
}

/** Leader to follower: how old the mirrors are. */
export interface LivenessAnswer {
  readonly sentAtMs: number;
  readonly ages: readonly OriginAge[];
  readonly partitionState: number;
  /** Witnesses may forget entries up to here. */
  readonly safeIndex: number;
}

/** Upper bound of the age of a mirror. */
export interface OriginAge {
  readonly origin: string;
  readonly incarnation: number;
  readonly index: number;
  readonly ageMs: number;
  /** At `index` nothing of the origin up to here is missing. */
  readonly covers: number;
}

/**
 * Sends to the other members of one group. Frames may be lost, never reordered or doubled within
 * one connection.
 */
export interface PeerTransport {
  /**
   * Drops the frame when there is no connection or too much is buffered; then `onPeerDown` tells
   * so.
   */
  send(to: NodeId, frame: PeerFrame): void;
  /** Resolves true when the other side has it durable. Never rejects. */
  sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<boolean>;
  /**
   * Introduces this member to a peer by the birth of its data. Rejects with a MeridianError when
   * the peer is not reached or takes this member for a stranger.
   */
  meet(to: NodeId, birth: string): Promise<IMeetResponse>;
  /**
   * Asks a voter whether to leave `incarnation` for the next one, or to do so. Rejects like `meet`.
   */
  refound(
    to: NodeId,
    incarnation: number,
    request: Encodable<Omit<IRefoundRequest, "hello">>,
  ): Promise<IRefoundResponse>;
  close(): void;
}

/** A snapshot on its way out. */
export interface OutgoingSnapshot {
  readonly mark: SnapshotMark;
  readonly leaderTerm: number;
  readonly records: AsyncIterable<readonly Uint8Array[]>;
}

/** What a member does with what its peers send. */
export interface PeerHandler {
  onFrame(from: NodeId, frame: PeerFrame): void;
  /**
   * Frames to this peer were or may have been lost since the last call. `isGone`: its process has
   * ended, as far as can be told from here.
   */
  onPeerDown(peer: NodeId, isGone: boolean): void;
  /** Birth of a peer that was met before; it is told, so that it learns when it was wiped. */
  birthOf?(peer: NodeId): string | undefined;
  /** This peer says that the cluster has a later incarnation than this member's. */
  onSuperseded?(peer: NodeId): void;
  /** This peer says that this member was removed from the group. */
  onDismissed?(peer: NodeId): void;
  /**
   * A snapshot arrives; the digest is checked by the transport, which ends `records` with an error
   * when it does not hold. Resolves when it is durable, or with the reason why not.
   */
  onSnapshot(
    from: NodeId,
    snapshot: OutgoingSnapshot,
  ): Promise<{ installed: boolean; reason: string }>;
}
