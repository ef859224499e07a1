export type { ChannelCallOptions, ClientChannel, OpenChannel } from "./channel.ts";
export {
  BookmarkEvent,
  NodeChange,
  SnapshotEndEvent,
  SnapshotEvent,
  SnapshotPartEvent,
  TransactionEvent,
  type ChangesEvent,
} from "./changes/change-event.ts";
export { Changes, type ChangesOptions } from "./changes/changes.ts";
export { Meridian } from "./client.ts";
export { connect } from "./connect.ts";
export { Barrier } from "./recipes/barrier.ts";
export { CachedSubtree, type CachedSubtreeOptions } from "./recipes/cached-subtree.ts";
export type { ContendOptions } from "./recipes/contender.ts";
export { DoubleBarrier, Visit } from "./recipes/double-barrier.ts";
export { FencedNode, type FencedValue } from "./recipes/fenced-node.ts";
export {
  FencingGuard,
  MemoryTokenStore,
  StaleTokenError,
  type TokenStore,
} from "./recipes/fencing-guard.ts";
export { fencingToken } from "./recipes/fencing-token.ts";
export type { Contestant } from "./recipes/line.ts";
export { HeldWriteLock, ReadWriteLock } from "./recipes/read-write-lock.ts";
export { Permit, PermitsConflict, Semaphore, type PermitHolder } from "./recipes/semaphore.ts";
export type { WaitOptions } from "./recipes/wait-limit.ts";
export { Counter } from "./recipes/counter.ts";
export { Discovery, type FindOptions, type RegisterOptions } from "./recipes/discovery.ts";
export {
  Membership,
  OwnMembership,
  type GroupMember,
  type JoinOptions,
  type MembershipChange,
} from "./recipes/membership.ts";
export { PersistentNode, type PersistentNodeOptions } from "./recipes/persistent-node.ts";
export { QueueItem } from "./recipes/queue-item.ts";
export {
  DelayQueue,
  PriorityQueue,
  Queue,
  type DelayOptions,
  type PriorityOptions,
  type QueueOptions,
} from "./recipes/queue.ts";
export type { Health, PickStrategy, ServiceInstance } from "./recipes/service-instance.ts";
export { ServiceRegistration, type InstanceUpdate } from "./recipes/service-registration.ts";
export { ServiceView, type PickOptions, type ServiceChange } from "./recipes/service-view.ts";
export { Directory, type Place, type TopologySnapshot } from "./directory.ts";
export { Election, Leadership, type ElectOptions, type Leader } from "./recipes/election.ts";
export type { LaneLimits, SessionState } from "./lane-context.ts";
export { HeldLock, Lock } from "./recipes/lock.ts";
export { NearCache, type NearCacheOptions } from "./near-cache.ts";
export type {
  ChildrenOptions,
  ConnectOptions,
  CreateModeName,
  CreateOptions,
  CreateTraits,
  MultiOperation,
  ReadOptions,
  SessionEvent,
  SiblingOptions,
  VersionOptions,
} from "./options.ts";
export type { OperationOptions } from "./performer.ts";
export type { Settle } from "./pending.ts";
export type { SubtreeChange } from "./recipes/subtree-mirror.ts";
export type { CachedNode } from "./recipes/subtree-table.ts";
export type { Position } from "./position.ts";
export { RawReader } from "./raw-reader.ts";
export { RawSession } from "./raw-session.ts";
export type { Receipt, ServedBy, Stat } from "./receipt.ts";
export { draftRequest, type DraftRequest } from "./request.ts";
export {
  MultiError,
  NodeValue,
  type Child,
  type ChildList,
  type Done,
  type Existence,
  type MultiDone,
  type MultiPart,
  type Written,
} from "./result.ts";
export type { ReadConsistency } from "./route.ts";
export { systemRuntime, type Runtime } from "./runtime.ts";
export { decodeToken, encodeToken } from "./token.ts";
export { Watch, WatchEvent, type WatchKindName, type WatchOptions } from "./watch.ts";
export { MeridianError, type MeridianErrorCode } from "@meridian/wire";
