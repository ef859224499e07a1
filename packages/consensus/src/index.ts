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
export type { Random } from "./random.ts";
export type { Log, Persist, PersistMark, ReadState, Ready, SoftState } from "./ready.ts";
