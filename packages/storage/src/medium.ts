/**
 * What storage asks of a disk: an ordered table of records with atomic synced batches, and a few
 * files. The level medium and the memory disk implement it, so that the simulator runs the very
 * code that runs in production. Every method rejects with a StorageError.
 */
export interface Medium {
  readonly files: Files;
  /**
   * Locks and opens the table.
   * @throws {StorageError} IN_USE; MISSING when there is none and it may not be created; CORRUPT,
   * FULL, IO.
   */
  openTable(mayCreate: boolean): Promise<Table>;
  /**
   * Says who has the place, before something is moved.
   * @throws {StorageError} IN_USE.
   */
  claim(): Promise<void>;
  /** Moves the table, or what is left of it, into the folder `place`; durable when it resolves. */
  moveTable(place: string): Promise<void>;
  /**
   * Whether so many bytes may be written; at once when nothing has to be done for it. What frees
   * space may be written without asking.
   */
  hasRoom(bytes: number): boolean | Promise<boolean>;
  /** Gives the lock back; the table is closed before. */
  release(): Promise<void>;
}

/** One change of a batch. */
export type TableOperation =
  | { readonly type: "put"; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: "del"; readonly key: Buffer };

/** Key and value. */
export type TableRecord = readonly [key: Buffer, value: Buffer];

/**
 * Ordered by the bytes of the key. Checks nothing: whoever writes a value adds a checksum to it.
 */
export interface Table {
  get(key: Buffer): Buffer | undefined;
  /** All or nothing, in order; durable when it resolves, and everything before it too. */
  batch(operations: readonly TableOperation[]): Promise<void>;
  /** Deletes `[from, to)`; after a crash any part of it may be there again. */
  clear(from: Buffer, to: Buffer): Promise<void>;
  /** Records in `[from, to)`, ascending, in batches. */
  scan(from: Buffer, to: Buffer): AsyncIterable<readonly TableRecord[]>;
  /** The last record in `[from, to)`. */
  last(from: Buffer, to: Buffer): Promise<TableRecord | undefined>;
  close(): Promise<void>;
}

/** A flat folder. */
export interface Files {
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Buffer | undefined>;
  /**
   * After a crash the file holds the old or the new content whole; the new one once this resolves.
   */
  replace(name: string, data: Buffer): Promise<void>;
  /** Nothing happens if there is none; after a crash it may be there again. */
  remove(name: string): Promise<void>;
  /**
   * Moves a file, if it is there, into the folder `place`; durable when it resolves. Like the table
   * it takes the place of what was moved there before.
   */
  move(name: string, place: string): Promise<void>;
  /** Deletes what was moved to `place`. */
  discard(place: string): Promise<void>;
  /** `create` empties it if it is there; the others give undefined if it is not. */
  create(name: string): Promise<OpenFile>;
  open(name: string): Promise<OpenFile | undefined>;
}

/** Bytes at positions. */
export interface OpenFile {
  size(): Promise<number>;
  /** Up to `length` bytes; fewer at the end of the file. */
  read(at: number, length: number): Promise<Buffer>;
  /** Seen at once by all who read, and by the next process; not durable before `sync`. */
  write(at: number, data: Buffer): Promise<void>;
  /**
   * Writes a few bytes over what is there, likewise. Done when it returns, unless it gives a
   * promise: where the disk makes even that wait, nobody else is to wait for it. Also throws what
   * others reject with.
   */
  put(at: number, data: Buffer): Promise<void> | undefined;
  /** Content and name survive a crash once this resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
