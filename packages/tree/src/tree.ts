import type { Change, Position, Transaction } from "./change.ts";
import type { Command, Operation } from "./command.ts";
import { type Failure, failed, type Refused } from "./failure.ts";
import { found } from "./founding.ts";
import { addHash, finishHash, type Hash, hashNumber, hashText, hexOf, newHash } from "./hash.ts";
import type { HistoryRead } from "./history.ts";
import { invariant } from "./invariant.ts";
import { mirrorChange, placeChange } from "./mirror.ts";
import { foresee, multi, reap, refuseSizeOf, write } from "./node-commands.ts";
import { refuseSizeOfData } from "./node-writer.ts";
import { joinPath, nameOf } from "./path.ts";
import { applyRemote, seedRemote } from "./remote-commands.ts";
import { isTight, type QuotaUsage } from "./quota-meter.ts";
import type { PlainNode } from "./plain-node.ts";
import { finishRestore, restorePlain, restoreRecord } from "./restore.ts";
import type { Applied } from "./result.ts";
import { type SeedFilter, type SeedRange, seedRanges } from "./seed.ts";
import {
  attachSession,
  endedBefore,
  endSessions,
  movedOn,
  openSession,
} from "./session-commands.ts";
import type { Session } from "./session-table.ts";
import { type SnapshotRecord, takeSnapshot, type TreeSnapshot } from "./snapshot.ts";
import { State, type TreeLimits, unchanged } from "./state.ts";
import type { Stat } from "./stat.ts";
import type { Ownership, Zone } from "./zone.ts";
import { switchZones } from "./zone-switch.ts";
import { zonesPath } from "./zone-table.ts";
import { Znode } from "./znode.ts";

/** A tree that is being built from the records of a snapshot, in their order. */
export interface TreeRestorer {
  add(record: SnapshotRecord): void;
  /** The same of a node that is plain. Nothing of what it shows is held on to. */
  addPlain(node: PlainNode): void;
  /**
   * Behind the last record: gets on with what is done for all nodes together, so many at a time.
   * True while more are left, which `finish` would do at once.
   */
  settle(nodesMax: number): boolean;
  finish(): Tree;
}

/** Which children to list. */
export interface ChildrenPage {
  /** Names after this one, which need not exist. */
  readonly after?: string;
  readonly limit?: number;
}

/**
 * The state machine of a cluster: committed commands in, results and changes out. The same commands
 * make the same tree on every replica. One tree holds what the cluster owns, its mirrors of others,
 * and the eventual zones; the zone table tells them apart.
 */
export class Tree {
  readonly #state: State;

  constructor(
    options: { readonly incarnation?: number; readonly limits?: Partial<TreeLimits> } = {},
  ) {
    this.#state = new State(options.limits ?? {}, options.incarnation ?? 1);
  }

  /**
   * An empty mirror of a region's view, for an edge. `mirrorSeed` fills it, then `mirror` takes
   * each transaction once, in order, and `mirrorProgress` says how far that was.
   */
  static mirrorOf(cluster: string, incarnation: number, limits: Partial<TreeLimits> = {}): Tree {
    const tree = new Tree({ incarnation, limits });
    tree.#state.cluster = cluster;
    tree.#state.nodes.insert(Znode.blank("/"));
    return tree;
  }

  /**
   * Builds a tree from the records of a snapshot. `incarnation`: that of the cluster now, if it may
   * have been raised since the snapshot was taken.
   */
  static restorer(limits: Partial<TreeLimits> = {}, incarnation?: number): TreeRestorer {
    const tree = new Tree({ limits });
    return {
      add: (record) => restoreRecord(tree.#state, record),
      addPlain: (node) => restorePlain(tree.#state, node),
      settle: (nodesMax) => tree.#state.nodes.index(nodesMax),
      finish: () => {
        if (incarnation !== undefined) tree.#state.incarnation = incarnation;
        tree.#state.nodes.index(Infinity);
        finishRestore(tree.#state);
        return tree;
      },
    };
  }

  /** Name of the cluster; "" until it is founded. */
  get cluster(): string {
    return this.#state.cluster;
  }

  /** Raised by a forced promotion: indexes of different incarnations are not comparable. */
  get incarnation(): number {
    return this.#state.incarnation;
  }

  /** All regions that have a regional cluster. */
  get regions(): readonly string[] {
    return this.#state.founding?.regions ?? this.children("/regions")?.names ?? [];
  }

  /** Index of the last entry that was applied or skipped. */
  get appliedIndex(): number {
    return this.#state.appliedIndex;
  }

  get nodeCount(): number {
    return this.#state.nodes.size;
  }

  /** Bytes of data in all nodes. */
  get dataBytes(): number {
    return this.#state.nodes.dataBytes;
  }

  /** Deleted values of eventual zones that are still remembered. */
  get tombstoneCount(): number {
    return this.#state.eventual.tombstoneCount;
  }

  get sessionCount(): number {
    return this.#state.sessions.size;
  }

  session(id: number): Session | undefined {
    return this.#state.sessions.get(id);
  }

  sessions(): IterableIterator<Session> {
    return this.#state.sessions.values();
  }

  /** A node's data, which must not be changed, and Stat. */
  get(path: string): { readonly data: Uint8Array; readonly stat: Stat } | undefined {
    const node = this.#state.nodes.get(path);
    return node === undefined ? undefined : { data: node.data, stat: node.stat() };
  }

  stat(path: string): Stat | undefined {
    return this.#state.nodes.get(path)?.stat();
  }

  /** Names of a node's children in ascending order of code units, a page at a time. */
  children(
    path: string,
    { after = "", limit = Infinity }: ChildrenPage = {},
  ): { readonly names: readonly string[]; readonly more: boolean } | undefined {
    const node = this.#state.nodes.get(path);
    if (node === undefined) return undefined;
    const names: string[] = [];
    const from = after === "" ? undefined : joinPath(path, after);
    const atEnd = node.children?.visit(from, (child) => {
      if (child.path === from) return true;
      if (names.length >= limit) return false;
      names.push(nameOf(child.path));
      return true;
    });
    return { names, more: atEnd === false };
  }

  /** The zone table and its version. */
  zones(): { readonly zones: readonly Zone[]; readonly version: number } {
    const { zones, nodes } = this.#state;
    return { zones: zones.zones, version: nodes.get(zonesPath)?.version ?? 0 };
  }

  /** The quotas of this cluster and what is used of them, in the order of their table. */
  quotas(): readonly QuotaUsage[] {
    return this.#state.nodes.quotas.usages();
  }

  /** Why a client's write is too large, whatever the tree holds; undefined: it is not. */
  refuseSize(operation: Operation): Failure | undefined {
    if (operation.kind === "multi") return refuseSizeOf(this.#state, operation.operations);
    return "data" in operation ? refuseSizeOfData(operation.data) : undefined;
  }

  /**
   * False when a write would certainly not be beyond a quota now; true: see `foresee`. Without
   * quotas it costs nothing.
   */
  isTight(operation: Operation): boolean {
    const { nodes } = this.#state;
    return !nodes.quotas.isEmpty && isTight(nodes, nodes.quotas, operation);
  }

  /**
   * Why a client's write would be refused if it were the next command; undefined: it would be done.
   * Costs as much as doing it, and changes nothing.
   */
  foresee(command: Command): Refused | undefined {
    return foresee(this.#state, command);
  }

  /** Who owns a path. */
  ownership(path: string): Ownership {
    return this.#state.zones.ownership(path);
  }

  /**
   * How far each other cluster has been taken over. Index 0: what is here is of an unknown time,
   * and must be taken over anew.
   */
  cursors(): ReadonlyMap<string, Position> {
    return this.#state.cursors;
  }

  /** What was applied after a local index. */
  changesSince(index: number): HistoryRead {
    return this.#state.history.since(index);
  }

  /** What was applied of each cluster after its position. */
  changesAfter(positions: ReadonlyMap<string, Position>): HistoryRead {
    return this.#state.history.after(positions);
  }

  /**
   * Of the history that is kept, what changed a path of an eventual zone last: the changes of it
   * before had lost against this one.
   */
  lastMerged(path: string): Transaction | undefined {
    return this.#state.history.lastMerged(path);
  }

  /**
   * Containers and TTL nodes of this cluster that are due, at most `limit`. Each call looks at a
   * bounded number of nodes and goes on where the last one stopped.
   */
  dueReaps(nowMs: number, limit: number): readonly string[] {
    const { nodes, reaps } = this.#state;
    return reaps.due(nodes, nowMs, limit, (path) => this.#state.owns(path));
  }

  /**
   * Commands left work to be done in portions, which each `reap` gets on with, even of no paths:
   * deleting what is left of ended sessions, counting what was there before its quota.
   */
  get isBehind(): boolean {
    const { nodes, sessions } = this.#state;
    return sessions.endingCount > 0 || nodes.quotas.isCounting;
  }

  /** Digest of everything that a snapshot holds: equal on all replicas at the same index. */
  digest(): string {
    const { nodes, sessions, eventual, cursors, cluster, appliedIndex, incarnation } = this.#state;
    const hash = newHash();
    hashText(hash, cluster);
    for (const part of [appliedIndex, incarnation, eventual.clock.ms, eventual.clock.counter]) {
      hashNumber(hash, part);
    }
    const quotas = nodes.quotas.hash();
    for (const part of [nodes.hash(), sessions.hash(), eventual.hash(), hashOf(cursors), quotas]) {
      hashNumber(hash, part.low);
      hashNumber(hash, part.high);
    }
    finishHash(hash);
    return hexOf(hash);
  }

  /**
   * Digest of the values of eventual zones at or below a prefix: equal in all regions that have
   * seen the same. Goes through all nodes.
   */
  eventualDigest(prefix: string): string {
    return hexOf(this.#state.eventual.digest(prefix));
  }

  /** An entry that is no command. */
  skip(index: number): void {
    this.#state.appliedIndex = Math.max(this.#state.appliedIndex, index);
  }

  /**
   * Applies a committed command. `index` becomes the zxid of what it changes. A write that was
   * applied before gets its first answer again and changes nothing.
   */
  apply(index: number, term: number, command: Command): Applied {
    const state = this.#state;
    // The text is not made for every entry: that would take a good part of applying it.
    if (index <= state.appliedIndex) {
      invariant(false, `entry ${index} comes after ${state.appliedIndex}`);
    }
    state.appliedIndex = index;
    const { session, attachment = 0 } = command;
    const before = session === 0 ? undefined : state.sessions.get(session)?.attachment;
    if (session !== 0 && before === undefined) return endedBefore(session, index);
    if (before !== undefined && attachment > before) {
      state.sessions.attach(session, attachment);
      return {
        ...this.#applyOnce(index, term, command),
        attached: { session, attachment, ticket: 0 },
      };
    }
    const isLate = before !== undefined && attachment > 0 && attachment < before;
    return isLate ? movedOn(session, index) : this.#applyOnce(index, term, command);
  }

  /** Applies a command unless it repeats one. */
  #applyOnce(index: number, term: number, command: Command): Applied {
    const state = this.#state;
    const { session, sequence } = command;
    const isNumbered = session !== 0 && sequence !== 0;
    const known = isNumbered ? state.sessions.recall(session, sequence) : undefined;
    if (known === "forgotten") return forgotten(sequence, index);
    if (known !== undefined) return unchanged(known.index, known.result);
    const applied = this.#applyOperation(index, term, command);
    if (isNumbered) {
      const { result } = applied;
      state.sessions.remember(session, command.acknowledged, { sequence, index, result });
    }
    state.nodes.settle();
    return applied;
  }

  /**
   * Takes over a transaction of the followed region's view; edges only. One that is known already
   * changes nothing; one of index 0 is part of a snapshot that the region took over.
   */
  mirror(transaction: Transaction): Applied {
    const state = this.#state;
    const { origin, incarnation, index, timeMs, changes } = transaction;
    const known = this.#known(origin);
    const reached = known?.incarnation === incarnation ? known.index : 0;
    if (index !== 0 && index <= reached) return unchanged(index);
    const draft = state.draft(index, timeMs);
    for (const change of changes) mirrorChange(state, draft, change);
    // What comes before the next progress lies behind the present index.
    const source = { origin, incarnation, index, timeMs, isKept: changes.length === 0 };
    const applied = state.finish(draft, source, state.appliedIndex + 1);
    const position = { cluster: origin, incarnation, index };
    if (index === 0) {
      state.history.interrupt(origin);
    } else {
      if (state.history.isInterrupted(origin)) state.history.resume(position);
      else state.history.begin({ ...position, index: index - 1 });
      if (origin !== state.cluster) state.advance(position);
    }
    state.nodes.settle();
    return applied;
  }

  /** Takes over nodes of a snapshot of the followed region's view; edges only, to begin with. */
  mirrorSeed(nodes: readonly Change[]): void {
    const state = this.#state;
    const draft = state.draft(0, 0);
    for (const change of nodes) {
      if (change.kind === "deleted") continue;
      placeChange(state, draft, change);
    }
    if (draft.zonesChanged) switchZones(state, draft);
    state.nodes.settle();
  }

  /**
   * All that was sent so far is what the followed region had at `index` of its own history, and at
   * `cursors` of the others'.
   */
  mirrorProgress(index: number, cursors: Iterable<Position>): void {
    const state = this.#state;
    const isFirst = state.appliedIndex === 0;
    this.skip(index);
    for (const position of cursors) {
      state.advance(position);
      state.history.begin(position);
    }
    if (isFirst) state.resetHistory();
  }

  /** A snapshot at the present index, read in slices while the tree goes on. */
  snapshot(): TreeSnapshot {
    return takeSnapshot(this.#state);
  }

  /**
   * The present state for a consumer that starts from nothing, in ranges of about `rangeBytesMax`,
   * read while the tree goes on. Call `return` on it when it is not read to the end: until then
   * the old state of nodes that change is kept. A reader that is too slow gets a `ViewLostError`.
   */
  seed(filter: SeedFilter, rangeBytesMax: number): Generator<SeedRange, undefined> {
    return seedRanges(this.#state, filter, rangeBytesMax);
  }

  #applyOperation(index: number, term: number, command: Command): Applied {
    const state = this.#state;
    const { operation, timeMs } = command;
    if (operation.kind === "bootstrap") return found(state, index, timeMs, operation);
    if (state.founding === undefined) {
      const message = "the cluster has not been founded yet";
      return unchanged(index, failed({ code: "UNSUPPORTED", message }));
    }
    switch (operation.kind) {
      case "create":
      case "set":
      case "delete":
        return write(state, index, command, operation);
      case "multi":
        return multi(state, index, command, operation.operations);
      case "open-session":
        return openSession(state, index, operation);
      case "attach-session":
        return attachSession(state, index, operation);
      case "close-session":
        return endSessions(state, index, timeMs, [operation.session]);
      case "expire-sessions":
        // A leader of another term does not know who was heard of since.
        return endSessions(state, index, timeMs, operation.term === term ? operation.sessions : []);
      case "reap":
        return reap(state, index, timeMs, operation.paths);
      case "apply-remote":
        return applyRemote(state, index, timeMs, operation);
      case "seed-remote":
        return seedRemote(state, index, timeMs, operation);
    }
  }

  /** How far a mirror knows a cluster's history. */
  #known(origin: string): Omit<Position, "cluster"> | undefined {
    const { cluster, incarnation, appliedIndex: index, cursors } = this.#state;
    return origin === cluster ? { incarnation, index } : cursors.get(origin);
  }
}

function forgotten(sequence: number, index: number): Applied {
  const message =
    `write ${sequence} was overtaken by a later one of its session, ` +
    "or its answer is no longer kept";
  return unchanged(index, failed({ code: "UNKNOWN", message }));
}

function hashOf(cursors: ReadonlyMap<string, Position>): Hash {
  const sum: Hash = { low: 0, high: 0 };
  for (const { cluster, incarnation, index } of cursors.values()) {
    const hash = newHash();
    hashText(hash, cluster);
    hashNumber(hash, incarnation);
    hashNumber(hash, index);
    finishHash(hash);
    addHash(sum, hash);
  }
  return sum;
}
