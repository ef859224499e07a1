export type { Change, Position, Stamp, Transaction } from "./change.ts";
export type { Command, NodeOperation, Operation } from "./command.ts";
export type { Applied, PartResult, Result, TreeErrorCode } from "./result.ts";
export type { CreateMode, Stat } from "./stat.ts";
export type { Ownership, Zone } from "./zone.ts";
