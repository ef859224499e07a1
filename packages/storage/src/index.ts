export type { Identity, SnapshotRecords, Storage, StorageErrorCode, Write } from "./storage.ts";
export { StorageError } from "./storage.ts";
