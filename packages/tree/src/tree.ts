import type { Change, Position, Transaction } from "./change.ts";
import type { Command, NodeOperation } from "./command.ts";
import { Draft } from "./draft.ts";
import { EventualZones } from "./eventual-zones.ts";
import { failed } from "./failure.ts";
import { type Hash, hashNumber, hashText, hexOf, newHash } from "./hash.ts";
import { History, type HistoryLimits, type HistoryRead } from "./history.ts";
import { invariant } from "./invariant.ts";
import { type MirrorContext, overwrite, takeSeed, takeTransaction } from "./mirror.ts";
import { NodeStore } from "./node-store.ts";
import { utf8Text, writeNode, type WriterContext } from "./node-writer.ts";
import { comparePaths } from "./path.ts";
import { ReapIndex } from "./reap-index.ts";
import type { Applied, PartResult, Result } from "./result.ts";
import { seedRanges, type SeedFilter, type SeedRange } from "./seed.ts";
import { type Session, SessionTable } from "./session-table.ts";
import { type Founding, NodeSnapshot, type NodeRecord, type SnapshotRecord } from "./snapshot.ts";
import type { Stat } from "./stat.ts";
import type { Ownership, Zone } from "./zone.ts";
import { parseZones, ZoneTable, zonesPath } from "./zone-table.ts";
import { nothing, Znode } from "./znode.ts";

/** Bounds of a tree. */
export interface TreeLimits extends HistoryLimits {
  readonly multiOperationsMax: number;
  readonly multiBytesMax: number;
}

const treeLimits: TreeLimits = {
  historyTransactionsMax: 200_000,
  historyBytesMax: 64 * 1024 * 1024,
  multiOperationsMax: 128,
  multiBytesMax: 1024 * 1024,
};

const noTransactions: readonly Transaction[] = [];
const noSessions: readonly number[] = [];
/** Records of a snapshot that are read in one go. */
const sliceRecords = 500;

/**
 * The state machine of a cluster: committed commands in, results and changes out. The same commands give the same tree on every
 * replica. One tree holds what the cluster owns, its mirrors of others, and the eventual zones; the zone table tells them apart.
 */
export class Tree {
  readonly #limits: TreeLimits;
  readonly #nodes = new NodeStore();
  readonly #sessions = new SessionTable();
  readonly #eventual = new EventualZones(this.#nodes);
  readonly #cursors = new Map<string, Position>();
  readonly #history: History;
  readonly #reaps = new ReapIndex();
  #founding: Founding | undefined;
  #cluster = "";
  #incarnation: number;
  #zones = new ZoneTable([]);
  #fixed: ReadonlySet<string> = new Set();
  #appliedIndex = 0;
  #snapshots = 0;

  constructor(
    options: { readonly incarnation?: number; readonly limits?: Partial<TreeLimits> } = {},
  ) {
    this.#limits = { ...treeLimits, ...options.limits };
    this.#history = new History(this.#limits);
    this.#incarnation = options.incarnation ?? 1;
  }

  /** An empty mirror of a region's view, for an edge: fed by `mirror`, `mirrorSeed` and `mirrorProgress`. */
  static mirrorOf(cluster: string, incarnation: number, limits: Partial<TreeLimits> = {}): Tree {
    const tree = new Tree({ incarnation, limits });
    tree.#cluster = cluster;
    tree.#nodes.insert(new Znode("/", nothing, "persistent", 0, 0));
    return tree;
  }

  /** Builds a tree from the records of a snapshot, in order, a batch at a time. */
  static restorer(limits: Partial<TreeLimits> = {}): TreeRestorer {
    const tree = new Tree({ limits });
    const waiting: NodeRecord[] = [];
    return {
      add: (record) => tree.#restore(record, waiting),
      finish: () => tree.#finishRestore(waiting),
    };
  }

  /** Name of the cluster; "" until it is founded. */
  get cluster(): string {
    return this.#cluster;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** All regions that have a regional cluster. */
  get regions(): readonly string[] {
    return this.#founding?.regions ?? [...(this.#nodes.get("/regions")?.childNames() ?? [])];
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** Bytes of data in all nodes. */
  get dataBytes(): number {
    return this.#nodes.dataBytes;
  }

  /** Deleted values of eventual zones that are still remembered. */
  get tombstoneCount(): number {
    return this.#eventual.tombstoneCount;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  session(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  get(path: string): { readonly data: Uint8Array; readonly stat: Stat } | undefined {
    const node = this.#nodes.get(path);
    return node === undefined ? undefined : { data: node.data, stat: node.stat() };
  }

  stat(path: string): Stat | undefined {
    return this.#nodes.get(path)?.stat();
  }

  /** Names of a node's children in ascending order of code units, after a name, at most `limit`. */
  children(
    path: string,
    page: { readonly after?: string; readonly limit?: number } = {},
  ): { readonly names: readonly string[]; readonly more: boolean } | undefined {
    const names = this.#nodes.get(path)?.childNames();
    if (names === undefined) return undefined;
    const { after = "", limit = Infinity } = page;
    const from = after === "" ? 0 : firstAfter(names, after);
    const to = Math.min(names.length, from + limit);
    return { names: names.slice(from, to), more: to < names.length };
  }

  /** The zone table and its version. */
  zones(): { readonly zones: readonly Zone[]; readonly version: number } {
    return { zones: this.#zones.zones, version: this.#nodes.get(zonesPath)?.version ?? 0 };
  }

  /** Who owns a path. */
  ownership(path: string): Ownership {
    return this.#zones.ownership(path);
  }

  /** How far each other cluster has been taken over. */
  cursors(): ReadonlyMap<string, Position> {
    return this.#cursors;
  }

  /** What was applied after a local index. */
  changesSince(index: number): HistoryRead {
    return this.#history.since(index);
  }

  /** What was applied of each cluster after its position. */
  changesAfter(positions: ReadonlyMap<string, Position>): HistoryRead {
    return this.#history.after(positions);
  }

  /** Containers and TTL nodes that are due, at most `limit`. */
  dueReaps(nowMs: number, limit: number): readonly string[] {
    return this.#reaps.due(this.#nodes, nowMs, limit);
  }

  /** Digest of everything that a snapshot holds: equal on all replicas at the same index. */
  digest(): string {
    const hash = newHash();
    hashNumber(hash, this.#appliedIndex);
    hashText(hash, this.#cluster);
    const parts: Hash[] = [this.#nodes.hash(), this.#sessions.hash(), this.#eventual.digest("/")];
    for (const { low, high } of parts) {
      hashNumber(hash, low);
      hashNumber(hash, high);
    }
    for (const name of [...this.#cursors.keys()].sort()) {
      hashText(hash, name);
      hashNumber(hash, this.#cursors.get(name)?.index ?? 0);
    }
    return hexOf(hash);
  }

  /** Digest of the values of eventual zones at or below a prefix: equal in all regions that have seen the same. */
  eventualDigest(prefix: string): string {
    return hexOf(this.#eventual.digest(prefix));
  }

  /** An entry that is no command. */
  skip(index: number): void {
    this.#appliedIndex = Math.max(this.#appliedIndex, index);
  }

  /** Applies a committed command. `index` becomes the zxid of what it changes. */
  apply(index: number, term: number, command: Command): Applied {
    invariant(index > this.#appliedIndex, `entry ${index} comes after ${this.#appliedIndex}`);
    this.#appliedIndex = index;
    const { session, sequence, operation } = command;
    if (session !== 0) {
      if (this.#sessions.get(session) === undefined) return expired(session, index);
      const known = this.#sessions.recall(session, sequence);
      if (known === "forgotten") return forgotten(sequence, index);
      if (known !== undefined) return { ...none, result: known.result, index: known.index };
    }
    const applied = this.#applyOperation(index, term, command);
    if (session !== 0 && operation.kind !== "open-session") {
      const { result } = applied;
      this.#sessions.remember(session, sequence, command.acknowledged, { index, result });
    }
    return applied;
  }

  /** Takes over a transaction of the followed region's view; edges only. */
  mirror(transaction: Transaction): Applied {
    const draft = this.#draft(this.#appliedIndex, transaction.timeMs, false);
    for (const change of transaction.changes) {
      overwrite({ nodes: this.#nodes }, draft, change, transaction.index);
    }
    const { origin, incarnation, index } = transaction;
    if (origin !== this.#cluster) this.#advance({ cluster: origin, incarnation, index });
    return this.#finish(draft, transaction.index, transaction, { kind: "done" });
  }

  /** Takes over nodes of a snapshot of the followed region's view; edges only, into a fresh mirror. */
  mirrorSeed(nodes: readonly Change[]): void {
    const draft = this.#draft(0, 0, false);
    for (const change of nodes) {
      if (change.kind === "deleted") continue;
      overwrite({ nodes: this.#nodes }, draft, change, change.stat.mzxid);
    }
    this.#afterChanges(draft);
  }

  /** The followed region was at `index` of its own history and at `cursors` of the others' when all so far was sent. */
  mirrorProgress(index: number, cursors: Iterable<Position>): void {
    const first = this.#appliedIndex === 0;
    this.skip(index);
    for (const position of cursors) this.#advance(position);
    if (first) this.#resetHistory();
  }

  /**
   * A snapshot at the present index, read in slices while the tree goes on. Only one may be under way; `release` it
   * when it is not read to the end.
   */
  snapshot(): TreeSnapshot {
    const head = this.#head();
    this.#snapshots += 1;
    const nodes = new NodeSnapshot(this.#nodes, this.#appliedIndex, this.#snapshots);
    let started = false;
    return {
      index: this.#appliedIndex,
      next: () => {
        if (!started) {
          started = true;
          return head;
        }
        const records = nodes.next(sliceRecords);
        if (records.length === 0) nodes.release();
        return records;
      },
      release: () => nodes.release(),
    };
  }

  /** Ranges of the present state for a consumer that starts from nothing. The tree must not change between two. */
  seed(filter: SeedFilter, rangeBytesMax: number): Generator<SeedRange, undefined> {
    const context = { nodes: this.#nodes, zones: this.#zones, cluster: this.#cluster };
    return seedRanges(context, this.#eventual.tombstones(), filter, rangeBytesMax);
  }

  #applyOperation(index: number, term: number, command: Command): Applied {
    const { operation, timeMs } = command;
    if (operation.kind === "bootstrap") return this.#found(index, timeMs, operation);
    if (this.#cluster === "") {
      const message = "the cluster has not been founded yet";
      return { ...none, result: failed({ code: "UNSUPPORTED", message }), index };
    }
    switch (operation.kind) {
      case "create":
      case "set":
      case "delete":
        return this.#write(index, command, operation);
      case "multi":
        return this.#multi(index, command, operation.operations);
      case "open-session":
        return this.#openSession(index, operation);
      case "close-session":
        return this.#endSessions(index, timeMs, [operation.session]);
      case "expire-sessions":
        return this.#endSessions(index, timeMs, operation.term === term ? operation.sessions : []);
      case "reap":
        return this.#reap(index, timeMs, operation.paths);
      case "apply-remote":
        return this.#applyRemote(index, timeMs, operation);
      case "seed-remote":
        return this.#seedRemote(index, timeMs, operation);
    }
  }

  #write(
    index: number,
    command: Command,
    operation: Exclude<NodeOperation, { kind: "check" }>,
  ): Applied {
    const undoable = operation.kind === "create" && operation.parents;
    const draft = this.#draft(index, command.timeMs, undoable);
    const written = writeNode(this.#writer(), draft, command.session, operation);
    if ("code" in written) {
      draft.rollBack();
      return { ...none, result: failed(written), index };
    }
    const { path, stat } = written;
    const result: Result = stat === undefined ? { kind: "done" } : { kind: "node", path, stat };
    return this.#finish(draft, index, this.#own(draft), result);
  }

  #multi(index: number, command: Command, operations: readonly NodeOperation[]): Applied {
    const { multiOperationsMax, multiBytesMax } = this.#limits;
    if (operations.length > multiOperationsMax || sizeOf(operations) > multiBytesMax) {
      const message = `a multi may have ${multiOperationsMax} parts and ${multiBytesMax} bytes`;
      return { ...none, result: failed({ code: "TOO_LARGE", message }), index };
    }
    const draft = this.#draft(index, command.timeMs, true);
    const parts: PartResult[] = [];
    for (const [place, operation] of operations.entries()) {
      const written = writeNode(this.#writer(), draft, command.session, operation);
      if (!("code" in written)) {
        parts.push({ path: written.path, stat: written.stat, code: "" });
        continue;
      }
      draft.rollBack();
      const result = failed(
        { ...written, message: `part ${place}: ${written.message}` },
        operations.map(({ path }, at) => ({
          ...{ path, stat: undefined },
          code: at === place ? written.code : "",
        })),
      );
      return { ...none, result, index };
    }
    return this.#finish(draft, index, this.#own(draft), { kind: "multi", parts });
  }

  #openSession(
    index: number,
    operation: Extract<Command["operation"], { kind: "open-session" }>,
  ): Applied {
    const { session, secret, timeoutMs } = operation;
    const known = this.#sessions.get(session);
    if (known === undefined) this.#sessions.open(session, secret, timeoutMs);
    else if (!sameBytes(known.secret, secret)) {
      const message = `session ${session} exists and the secret is not its own`;
      return { ...none, result: failed({ code: "BAD_ARGUMENTS", message }), index };
    }
    return { ...none, result: { kind: "done" }, index };
  }

  #endSessions(index: number, timeMs: number, ids: readonly number[]): Applied {
    const draft = this.#draft(index, timeMs, false);
    const ended: number[] = [];
    for (const id of ids) {
      const session = this.#sessions.get(id);
      if (session === undefined) continue;
      for (const path of [...session.ephemerals]) {
        const node = this.#nodes.get(path);
        if (node !== undefined) draft.delete(node);
      }
      this.#sessions.close(id);
      ended.push(id);
    }
    const applied = this.#finish(draft, index, this.#own(draft), { kind: "done" });
    return { ...applied, endedSessions: ended };
  }

  #reap(index: number, timeMs: number, paths: readonly string[]): Applied {
    const draft = this.#draft(index, timeMs, false);
    for (const path of paths) {
      const node = this.#nodes.get(path);
      if (node !== undefined && this.#reaps.isDue(node, timeMs)) draft.delete(node);
    }
    return this.#finish(draft, index, this.#own(draft), { kind: "done" });
  }

  #applyRemote(
    index: number,
    timeMs: number,
    operation: Extract<Command["operation"], { kind: "apply-remote" }>,
  ): Applied {
    const { origin, incarnation, from, to, transactions } = operation;
    const cursor = this.#cursors.get(origin);
    if (cursor?.incarnation !== incarnation || cursor.index !== from) {
      const message = `the cursor of ${origin} is not at ${from}`;
      return { ...none, result: failed({ code: "BAD_ARGUMENTS", message }), index };
    }
    const taken: Transaction[] = [];
    for (const transaction of transactions) {
      const draft = this.#draft(index, timeMs, false);
      takeTransaction(this.#mirrorContext(), draft, transaction);
      const applied = this.#finish(draft, index, transaction, { kind: "done" });
      taken.push(...applied.transactions);
    }
    this.#advance({ cluster: origin, incarnation, index: to });
    return { ...none, result: { kind: "done" }, index, transactions: taken };
  }

  #seedRemote(
    index: number,
    timeMs: number,
    operation: Extract<Command["operation"], { kind: "seed-remote" }>,
  ): Applied {
    const { origin, incarnation } = operation;
    const draft = this.#draft(index, timeMs, false);
    takeSeed(this.#mirrorContext(), draft, operation);
    const from = { index: operation.index, origin, incarnation, timeMs };
    const applied = this.#finish(draft, index, from, { kind: "done" });
    if (operation.last) {
      this.#cursors.set(origin, { cluster: origin, incarnation, index: operation.index });
      this.#history.raise(from);
    }
    return applied;
  }

  #found(index: number, timeMs: number, founding: Founding): Applied {
    if (this.#founding !== undefined) return { ...none, result: { kind: "done" }, index };
    const table = parseZones(utf8Text(founding.zones));
    if (typeof table === "string") {
      return { ...none, result: failed({ code: "BAD_ARGUMENTS", message: table }), index };
    }
    this.#founding = founding;
    this.#cluster = founding.cluster;
    this.#zones = table;
    const draft = this.#draft(index, timeMs, false);
    this.#ensureRoots(draft);
    const zones = this.#nodes.get(zonesPath);
    if (zones !== undefined) draft.change(zones, founding.zones, () => {});
    this.#resetHistory();
    return { ...none, result: { kind: "done" }, index };
  }

  /** Nodes that the zone table implies exist everywhere, so that each zone has a root to write below. */
  #ensureRoots(draft: Draft): void {
    const roots = this.#zones.roots(this.regions);
    for (const path of roots) {
      if (this.#nodes.get(path) === undefined) {
        draft.create(new Znode(path, nothing, "persistent", draft.index, draft.timeMs));
      }
    }
    this.#fixed = new Set(roots);
    this.#eventual.configure(this.#cluster, this.#fixed);
  }

  #draft(index: number, timeMs: number, undoable: boolean): Draft {
    return new Draft(this.#nodes, this.#sessions, index, timeMs, undoable);
  }

  #writer(): WriterContext {
    return {
      nodes: this.#nodes,
      zones: this.#zones,
      cluster: this.#cluster,
      eventual: this.#eventual,
      fixed: this.#fixed,
    };
  }

  #mirrorContext(): MirrorContext {
    return { nodes: this.#nodes, zones: this.#zones, eventual: this.#eventual, fixed: this.#fixed };
  }

  #own(draft: Draft): Omit<Transaction, "changes"> {
    const { index, timeMs } = draft;
    return { index, origin: this.#cluster, incarnation: this.#incarnation, timeMs };
  }

  /** Makes the changes of a draft a transaction, remembers it, and does what follows from them. */
  #finish(
    draft: Draft,
    index: number,
    from: Omit<Transaction, "changes">,
    result: Result,
  ): Applied {
    if (draft.changes.length === 0) return { ...none, result, index };
    const { origin, incarnation, timeMs } = from;
    const transaction = { index: from.index, origin, incarnation, timeMs, changes: draft.changes };
    this.#history.add(this.#appliedIndex, transaction);
    this.#afterChanges(draft);
    return { ...none, result, index, transactions: [transaction] };
  }

  #afterChanges(draft: Draft): void {
    let zonesChanged = false;
    for (const change of draft.changes) {
      this.#reaps.note(change);
      if (change.path === zonesPath && change.kind !== "deleted") zonesChanged = true;
    }
    if (zonesChanged) this.#switchZones(draft);
  }

  #switchZones(draft: Draft): void {
    const table = parseZones(utf8Text(this.#nodes.get(zonesPath)?.data ?? nothing));
    if (typeof table === "string") return; // A newer version wrote what this one cannot read: the old table stays.
    this.#zones = table;
    if (this.#founding !== undefined) this.#ensureRoots(draft);
  }

  #advance(position: Position): void {
    const known = this.#cursors.get(position.cluster);
    const older = known?.incarnation === position.incarnation && known.index >= position.index;
    if (!older) this.#cursors.set(position.cluster, position);
  }

  #resetHistory(): void {
    const own = {
      cluster: this.#cluster,
      incarnation: this.#incarnation,
      index: this.#appliedIndex,
    };
    this.#history.reset(this.#appliedIndex, [own, ...this.#cursors.values()]);
  }

  #head(): readonly SnapshotRecord[] {
    const founding = this.#founding;
    const records: SnapshotRecord[] = [
      {
        kind: "header",
        index: this.#appliedIndex,
        incarnation: this.#incarnation,
        founding,
        clock: this.#eventual.clock,
      },
    ];
    for (const session of this.#sessions.records()) records.push({ kind: "session", session });
    for (const position of this.#cursors.values()) records.push({ kind: "cursor", position });
    for (const change of this.#eventual.tombstones()) records.push({ kind: "tombstone", change });
    return records;
  }

  #restore(record: SnapshotRecord, waiting: NodeRecord[]): void {
    switch (record.kind) {
      case "header":
        this.#appliedIndex = record.index;
        this.#incarnation = record.incarnation;
        this.#founding = record.founding;
        this.#cluster = record.founding?.cluster ?? "";
        this.#eventual.clock = record.clock;
        return;
      case "node":
        waiting.push(record);
        return;
      case "session":
        return this.#sessions.restore(record.session);
      case "cursor":
        this.#cursors.set(record.position.cluster, record.position);
        return;
      case "tombstone":
        return this.#eventual.restoreTombstone(record.change);
    }
  }

  /** Nodes come in no order; parents must be there before their children. */
  #finishRestore(waiting: NodeRecord[]): Tree {
    waiting.sort((a, b) => comparePaths(a.change.path, b.change.path));
    for (const { change, nextSequence } of waiting) {
      const { path, data, mode, stat } = change;
      const node = new Znode(path, data, mode, stat.czxid, stat.ctimeMs);
      node.take(change);
      node.nextSequence = nextSequence;
      node.touchedIndex = this.#appliedIndex;
      this.#nodes.insert(node);
      if (node.ephemeralOwner !== 0) this.#sessions.addEphemeral(node.ephemeralOwner, path);
      this.#reaps.note(change);
    }
    const table = parseZones(utf8Text(this.#nodes.get(zonesPath)?.data ?? nothing));
    if (typeof table !== "string") this.#zones = table;
    this.#fixed = new Set(this.#zones.roots(this.regions));
    this.#eventual.configure(this.#cluster, this.#fixed);
    this.#resetHistory();
    return this;
  }
}

/** A snapshot that is being read. */
export interface TreeSnapshot {
  /** Index that it shows. */
  readonly index: number;
  /** The next records; empty: that was all. */
  next(): readonly SnapshotRecord[];
  release(): void;
}

/** A tree that is being built. */
export interface TreeRestorer {
  add(record: SnapshotRecord): void;
  finish(): Tree;
}

const none: Omit<Applied, "result" | "index"> = {
  transactions: noTransactions,
  endedSessions: noSessions,
};

function expired(session: number, index: number): Applied {
  const message = `session ${session} has ended or never existed`;
  return { ...none, result: failed({ code: "SESSION_EXPIRED", message }), index };
}

function forgotten(sequence: number, index: number): Applied {
  const message = `write ${sequence} was overtaken by a later one of its session, or its answer is no longer kept`;
  return { ...none, result: failed({ code: "UNKNOWN", message }), index };
}

function sizeOf(operations: readonly NodeOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    bytes += operation.path.length;
    if ("data" in operation) bytes += operation.data.byteLength;
  }
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, place) => byte === b[place]);
}

/** Place of the first name after a given one, by bisection. */
function firstAfter(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? "") <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
