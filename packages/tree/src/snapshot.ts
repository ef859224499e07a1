import type { HybridTime } from "@meridian/merge";
import type { Change, Position } from "./change.ts";
import type { Operation } from "./command.ts";
import type { NodeRecord, NodeSink } from "./node-view.ts";
import type { QuotaRecord } from "./quota-meter.ts";
import type { SessionRecord } from "./session-table.ts";
import type { State } from "./state.ts";

/** What a cluster was founded with. */
export type Founding = Extract<Operation, { kind: "bootstrap" }>;

/** State that belongs to no node. */
export interface HeaderRecord {
  readonly kind: "header";
  /** Last index applied. */
  readonly index: number;
  readonly incarnation: number;
  /** Undefined before the cluster was founded. */
  readonly founding: Founding | undefined;
  readonly clock: HybridTime;
}

/**
 * One record of a snapshot. The header comes first; nodes come last, in tree order, so that each
 * finds its parent.
 */
export type SnapshotRecord =
  | HeaderRecord
  | NodeRecord
  | { readonly kind: "quota"; readonly quota: QuotaRecord }
  | { readonly kind: "session"; readonly session: SessionRecord }
  /** A session that has ended and has ephemeral nodes left. */
  | { readonly kind: "ending"; readonly session: number }
  | { readonly kind: "cursor"; readonly position: Position }
  | { readonly kind: "tombstone"; readonly change: Change };

/** Takes the records of a snapshot one by one: see `NodeSink`. */
export interface SnapshotSink extends Pick<NodeSink, "addPlain"> {
  add(record: SnapshotRecord): void;
}

/** A snapshot that is being read. */
export interface TreeSnapshot {
  /** Index that it shows. */
  readonly index: number;
  /**
   * Gives out the next records; false when none is left.
   * @throws {ViewLostError} when too much changed since the last slice was read.
   */
  pour(sink: SnapshotSink): boolean;
  /** Gives up what has not been read. Harmless when nothing is left. */
  release(): void;
}

/** One slice: some milliseconds' work, with the encoding that follows. */
const bounds = { recordsMax: 500, bytesMax: 1024 * 1024, scannedMax: 10_000 };

const everything = (): boolean => true;

/** The state as it is now, to be read in slices while the tree goes on. */
export function takeSnapshot(state: State): TreeSnapshot {
  const view = state.nodes.view();
  const head = slices(headOf(state));
  const pour = (sink: SnapshotSink): boolean => {
    const { value } = head.next();
    for (const record of value ?? []) sink.add(record);
    let count = value?.length ?? 0;
    const counting: NodeSink = {
      add(record) {
        count += 1;
        sink.add(record);
      },
      addPlain(node) {
        const isTaken = sink.addPlain(node);
        if (isTaken) count += 1;
        return isTaken;
      },
    };
    // Nodes that came since are looked at in vain: an empty slice is not the end.
    while (count === 0 && !view.ended) view.pour(bounds, everything, counting);
    return count > 0;
  };
  return { index: state.appliedIndex, pour, release: () => view.end() };
}

/** What belongs to no node, as it is now. */
interface Head {
  readonly header: HeaderRecord;
  readonly quotas: readonly QuotaRecord[];
  readonly sessions: readonly SessionRecord[];
  readonly ending: readonly number[];
  readonly cursors: readonly Position[];
  readonly tombstones: readonly Change[];
}

/** Sessions and tombstones are lists of what never changes: copying the lists is enough. */
function headOf(state: State): Generator<SnapshotRecord, undefined> {
  const { appliedIndex: index, incarnation, founding, eventual, cursors, sessions, nodes } = state;
  return head({
    header: { kind: "header", index, incarnation, founding, clock: eventual.clock },
    quotas: nodes.quotas.records(),
    sessions: sessions.records(),
    ending: sessions.ending(),
    cursors: [...cursors.values()],
    tombstones: [...eventual.tombstones()],
  });
}

function* head(parts: Head): Generator<SnapshotRecord, undefined> {
  const { header, quotas, sessions, ending, cursors, tombstones } = parts;
  yield header;
  for (const quota of quotas) yield { kind: "quota", quota };
  for (const session of sessions) yield { kind: "session", session };
  for (const session of ending) yield { kind: "ending", session };
  for (const position of cursors) yield { kind: "cursor", position };
  for (const change of tombstones) yield { kind: "tombstone", change };
  return undefined;
}

/** Cuts records into slices; a session weighs as much as its answers. */
function* slices(records: Iterable<SnapshotRecord>): Generator<SnapshotRecord[], undefined> {
  let slice: SnapshotRecord[] = [];
  let weight = 0;
  for (const record of records) {
    slice.push(record);
    weight += record.kind === "session" ? 1 + record.session.answers.length : 1;
    if (weight < bounds.recordsMax) continue;
    yield slice;
    slice = [];
    weight = 0;
  }
  if (slice.length > 0) yield slice;
  return undefined;
}
