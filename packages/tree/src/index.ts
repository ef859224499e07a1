export type { Change, Position, Stamp, Transaction } from "./change.ts";
export type { Command, NodeOperation, Operation } from "./command.ts";
export type { Refused } from "./failure.ts";
export type { HistoryEntry, HistoryRead } from "./history.ts";
export { ViewLostError } from "./node-view.ts";
export { isWithin, joinPath, nameOf, parentOf, validatePath } from "./path.ts";
export type { HeldNode, PlainNode } from "./plain-node.ts";
export type { QuotaRecord, QuotaUsage } from "./quota-meter.ts";
export { parseQuotas, type Quota, quotasPath } from "./quota-table.ts";
export type {
  Applied,
  Attached,
  PartOutcome,
  PartResult,
  Result,
  TreeErrorCode,
} from "./result.ts";
export type { SeedFilter, SeedRange } from "./seed.ts";
export type { RememberedAnswer, Session, SessionRecord } from "./session-table.ts";
export type { Founding, SnapshotRecord, SnapshotSink, TreeSnapshot } from "./snapshot.ts";
export type { TreeLimits } from "./state.ts";
export type { CreateMode, Stat } from "./stat.ts";
export { Tree, type TreeRestorer } from "./tree.ts";
export type { Ownership, Zone } from "./zone.ts";
export { globalCluster, parseZones, ZoneTable, zonesPath } from "./zone-table.ts";
