import type { Core } from "./core.ts";
import type { Configuration, NodeId } from "./entry.ts";
import { safeIndex } from "./leading.ts";
import type { ProgressState } from "./progress.ts";
import type { SoftState } from "./ready.ts";

/** What a member is and knows just now, for people and metrics. A copy. */
export interface Status {
  readonly id: NodeId;
  readonly role: SoftState["role"];
  readonly term: number;
  readonly vote: NodeId | undefined;
  readonly leader: NodeId | undefined;
  /** Lost its log and does not have everything again: no vote, no campaign. */
  readonly recovering: boolean;
  /** A configuration is in force by hand that is not committed in the log. */
  readonly forced: boolean;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Everything up to here is on the own disk. */
  readonly durableIndex: number;
  readonly configuration: Configuration;
  /** Who is to lead next, while leadership is handed over. */
  readonly transferTo: NodeId | undefined;
  /** What a leader knows of the others; empty elsewhere. */
  readonly progress: ReadonlyMap<NodeId, PeerStatus>;
  /**
   * Leader: a majority of every group that keeps state has everything up to here, so witnesses may
   * forget it. 0 elsewhere.
   */
  readonly safeIndex: number;
}

/** What a leader knows of another member. */
export interface PeerStatus {
  readonly state: ProgressState;
  /** Known to be the same, and durable there. */
  readonly match: number;
  /** Goes out next. */
  readonly next: number;
  /** Was heard within the lease. */
  readonly active: boolean;
  /** Appends on their way. */
  readonly inflight: number;
  /** Nothing is sent until something comes in. */
  readonly paused: boolean;
  /** Said that it lost its log, and does not have everything again. */
  readonly recovering: boolean;
}

/** Takes the picture. */
export function statusOf(core: Core): Status {
  const { role, log } = core;
  return {
    id: core.id,
    role: roleOf(core),
    term: core.term,
    vote: core.vote,
    leader: core.leader,
    recovering: core.recovery !== undefined,
    forced: core.configurations.isForced(log.commitIndex),
    commitIndex: log.commitIndex,
    appliedIndex: core.delivery.appliedIndex,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    durableIndex: log.durableIndex,
    configuration: core.configuration,
    transferTo: role.kind === "leader" ? role.transfer?.to : undefined,
    progress: progressOf(core),
    safeIndex: role.kind === "leader" ? safeIndex(core, role) : 0,
  };
}

/** What matters to the driver at once. */
export function softStateOf(core: Core): SoftState {
  return {
    role: roleOf(core),
    term: core.term,
    leader: core.leader,
    transferring: isTransferring(core),
    recovering: core.recovery !== undefined,
    forced: core.configurations.isForced(core.log.commitIndex),
  };
}

/** Whether that is something else now. Asked for each `Ready`, so it makes no copy. */
export function softChanged(core: Core, was: SoftState): boolean {
  return (
    core.term !== was.term ||
    core.leader !== was.leader ||
    roleOf(core) !== was.role ||
    isTransferring(core) !== was.transferring ||
    (core.recovery !== undefined) !== was.recovering ||
    core.configurations.isForced(core.log.commitIndex) !== was.forced
  );
}

function isTransferring({ role }: Core): boolean {
  return role.kind === "leader" && role.transfer !== undefined;
}

/** The role by its public name: a follower without a vote is a learner. */
function roleOf(core: Core): SoftState["role"] {
  const { kind } = core.role;
  return kind === "follower" && !core.hasVote ? "learner" : kind;
}

function progressOf(core: Core): ReadonlyMap<NodeId, PeerStatus> {
  const peers = new Map<NodeId, PeerStatus>();
  if (core.role.kind !== "leader") return peers;
  for (const [id, progress] of core.role.progress) {
    peers.set(id, {
      state: progress.state,
      match: progress.match,
      next: progress.next,
      active: core.now - progress.activeTick < core.timing.leaseTicks,
      inflight: progress.inflight.count,
      paused: !progress.ready,
      recovering: progress.recovering,
    });
  }
  return peers;
}
