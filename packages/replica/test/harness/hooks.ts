import type { DiskOperation, Storage } from "@meridian/storage";
import type { PeerTransport } from "@meridian/transport";
import type { Life } from "./group.ts";

/** What stands between the members of a group and the rest of the world; nothing by default. */
export interface Hooks {
  /** Stands between a member and its storage. */
  storage?(name: string, storage: Storage): Storage;
  /** Stands between a member and its peers. */
  peers?(name: string, peers: PeerTransport): PeerTransport;
  /** How many milliseconds the member's monotonic clock counts in a true one. */
  clockRate?(name: string): number;
  /** The member's disk begins to make something durable. */
  writing?(name: string, operation: DiskOperation): void;
  /** A member has started. */
  booted?(name: string, life: Life): void;
  /** The member wants its process to end. */
  fatal?(name: string, error: Error): void;
}

/** What is wrong with a disk. */
export interface DiskTrouble {
  /** Time that everything takes which it makes durable. */
  readonly delayMs: number;
  /** It makes nothing durable any more. */
  readonly broken: boolean;
  /** Only what frees space may be written. */
  readonly full: boolean;
}

/** Nothing is wrong: a millisecond for everything. */
export const soundDisk: DiskTrouble = { delayMs: 1, broken: false, full: false };
