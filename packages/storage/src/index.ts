export type {
  Acquaintance,
  ForcedConfiguration,
  Identity,
  MemberRecord,
  SnapshotRecords,
  Storage,
  StorageErrorCode,
  Write,
} from "./storage.ts";
export { StorageError } from "./storage.ts";
export { PackedRecords } from "./packed-records.ts";
export { levelIdentity } from "./level-identity.ts";
export type { LevelStorageOptions } from "./level-storage.ts";
export {
  openLevelStorage,
  rebuildLevelStorage,
  refoundLevelStorage,
  retireLevelStorage,
} from "./level-storage.ts";
export type { Refounding } from "./refounding.ts";
export type { OpenProgress, StorageNotice, StorageOptions } from "./options.ts";
export type { ConfigurationCodec } from "./snapshot-description.ts";
export type { Crash, CrashOutcome, DiskPart } from "./memory-damage.ts";
export type { DiskOperation } from "./memory-medium.ts";
export type { DiskSchedule } from "./memory-disk.ts";
export { MemoryDisk } from "./memory-disk.ts";
export type { MemoryStorageOptions } from "./memory-storage.ts";
export {
  openMemoryStorage,
  rebuildMemoryStorage,
  refoundMemoryStorage,
  retireMemoryStorage,
} from "./memory-storage.ts";
