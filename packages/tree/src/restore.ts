import { invariant } from "./invariant.ts";
import type { NodeRecord } from "./node-view.ts";
import type { HeaderRecord, SnapshotRecord } from "./snapshot.ts";
import type { PlainNode } from "./plain-node.ts";
import type { State } from "./state.ts";
import { fixRoots, readZones } from "./zone-switch.ts";
import { Znode } from "./znode.ts";

/** Puts one record of a snapshot into a state that is being built, in the snapshot's order. */
export function restoreRecord(state: State, record: SnapshotRecord): void {
  switch (record.kind) {
    case "header":
      return restoreHeader(state, record);
    case "node":
      return restoreNode(state, record);
    case "quota":
      return state.nodes.quotas.restore(record.quota);
    case "session":
      return state.sessions.restore(record.session);
    case "ending":
      return state.sessions.end(record.session);
    case "cursor":
      state.cursors.set(record.position.cluster, record.position);
      return;
    case "tombstone":
      return state.eventual.restoreTombstone(record.change);
  }
}

/** Puts a node in, likewise. */
export function restorePlain({ nodes }: State, plain: PlainNode): void {
  const node = new Znode(plain.path, plain.czxid, plain.ctimeMs);
  const { ctimeMs, mtimeMs, aversion, cversion } = plain;
  node.mzxid = plain.mzxid;
  node.pzxid = plain.pzxid;
  node.version = plain.version;
  if (mtimeMs !== ctimeMs) node.mtimeMs = mtimeMs;
  if (aversion !== 0) node.aversion = aversion;
  if (cversion !== 0) node.cversion = cversion;
  node.nextSequence = plain.nextSequence;
  nodes.insertPlain(node, plain);
}

/** Derives what follows from the records. The history begins behind them. */
export function finishRestore(state: State): void {
  if (readZones(state)) fixRoots(state);
  state.resetHistory();
  state.nodes.settle();
}

function restoreHeader(state: State, header: HeaderRecord): void {
  invariant(state.appliedIndex === 0, "a snapshot has one header");
  state.appliedIndex = header.index;
  state.incarnation = header.incarnation;
  state.founding = header.founding;
  state.cluster = header.founding?.cluster ?? "";
  state.eventual.restoreClock(header.clock);
}

function restoreNode(state: State, { change, nextSequence }: NodeRecord): void {
  const { path, data, stat } = change;
  const node = new Znode(path, stat.czxid, stat.ctimeMs);
  node.take(change);
  node.data = data;
  node.nextSequence = nextSequence;
  if (stat.ephemeralOwner !== 0) node.owner = stat.ephemeralOwner;
  state.nodes.insert(node);
  state.nodes.settleData(node);
  state.nodes.settle();
  state.reaps.note(change);
}
