export type { ConfigurationCodec } from "./configuration.ts";
export {
  configurationProblem,
  isJoint,
  leaveJoint,
  majority,
  membersOf,
  transitionProblem,
  votersOf,
} from "./configuration.ts";
export type {
  Configuration,
  Entry,
  EntryKind,
  HardState,
  NodeId,
  SnapshotMark,
  VoterGroup,
} from "./entry.ts";
export type { Message } from "./message.ts";
export type { MessageOf } from "./message-of.ts";
export type { Limits, RaftOptions, Timing } from "./options.ts";
export { defaultLimits } from "./options.ts";
export type { ProgressState } from "./progress.ts";
export type { Proposal, ProposalRefusal } from "./proposal.ts";
export type { VoteResult } from "./quorum.ts";
export { Quorum } from "./quorum.ts";
export { Raft } from "./raft.ts";
export type { Random } from "./random.ts";
export type { Log, Persist, PersistMark, ReadState, Ready, SoftState } from "./ready.ts";
export type { PeerStatus, Status } from "./status.ts";
export type {
  Trace,
  TraceChange,
  TraceEvent,
  TraceEventName,
  TraceMessage,
  TraceMessageType,
} from "./trace.ts";
export type { TransferAnswer } from "./transfer.ts";
