export {
  decodeChange,
  decodeTransaction,
  encodeChange,
  encodeTransaction,
} from "./change-codec.ts";
export { AdmissionError } from "./admission.ts";
export { ChangeFeed } from "./change-feed.ts";
export { ChangeFollower, type FollowOptions, type OpenFollow } from "./change-follower.ts";
export { type Clock, every, inStep, systemClock } from "./clock.ts";
export { decodeCommand, encodeCommand, operationOf } from "./command-codec.ts";
export { configurationCodec } from "./configuration-codec.ts";
export { beginNextLife, type MemberDisk } from "./next-life.ts";
export { Freshness } from "./freshness.ts";
export {
  GroupMember,
  type GroupMemberOptions,
  type MemberLimits,
  memberLimits,
} from "./group-member.ts";
export { forkOf } from "./fork.ts";
export { type Log, silentLog } from "./log.ts";
export { type MemberData, type MemberDataOptions, openMemberData } from "./member-data.ts";
export type { Member, Place } from "./member.ts";
export { encodeRefusal, type Refusal } from "./refusal.ts";
export { Replica } from "./replica.ts";
export type { ReplicaListener, ReplicaOptions, ReplicaTiming } from "./replica-options.ts";
export { type SessionLimits, SessionService } from "./session-service.ts";
export { restoreTree } from "./snapshots.ts";
export { type LoopDelay, loopFields, mirrorsOf, topologyResponse } from "./status.ts";
export type { Succession } from "./succession.ts";
export { addressFor, type TopologyNode } from "./topology.ts";
export { globalCluster } from "@meridian/tree";
export type { OfferedWrite, WriteOutcome } from "./write-queue.ts";
