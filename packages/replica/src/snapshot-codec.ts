import type {
  PartResult,
  QuotaRecord,
  Result,
  SessionRecord,
  SnapshotRecord,
} from "@meridian/tree";
import {
  type Encodable,
  errorCodeName,
  type IResponse,
  type ISnapshotHeader,
  type ISnapshotNode,
  type ISnapshotQuota,
  type ISnapshotRecord,
  type ISnapshotSession,
  SnapshotRecord as RecordMessage,
} from "@meridian/wire";
import { encodeResult, outcomeOf } from "./answer-codec.ts";
import { decodeChange, decodeStat, encodeChange } from "./change-codec.ts";

/** Bytes of a record as they stand in a snapshot. */
export function encodeRecord(record: SnapshotRecord): Uint8Array {
  return RecordMessage.encode(messageOf(record));
}

/** A record out of a snapshot. @throws {Error} when a newer version wrote something unknown. */
export function decodeRecord(bytes: Uint8Array): SnapshotRecord {
  const { header, node, session, cursor, tombstone, quota } = RecordMessage.decode(bytes);
  if (node !== undefined) return decodeNode(node);
  if (session?.ended === true) return { kind: "ending", session: session.session };
  if (session !== undefined) return { kind: "session", session: decodeSession(session) };
  if (cursor !== undefined) return { kind: "cursor", position: cursor };
  if (tombstone !== undefined) return { kind: "tombstone", change: decodeChange(tombstone) };
  if (quota !== undefined) return { kind: "quota", quota: decodeQuota(quota) };
  if (header !== undefined) return decodeHeader(header);
  throw new Error(
    "the snapshot holds a record that this version does not know: upgrade this member",
  );
}

function messageOf(record: SnapshotRecord): Encodable<ISnapshotRecord> {
  switch (record.kind) {
    case "header": {
      const { index, incarnation, founding, clock } = record;
      const { ms: clockMs, counter: clockCounter } = clock;
      return { header: { index, incarnation, bootstrap: founding, clockMs, clockCounter } };
    }
    case "node": {
      const { change, nextSequence } = record;
      return { node: { change: encodeChange(change), nextSequence } };
    }
    case "quota":
      return { quota: encodeQuota(record.quota) };
    case "session":
      return { session: encodeSession(record.session) };
    case "ending":
      return { session: { session: record.session, ended: true } };
    case "cursor":
      return { cursor: record.position };
    case "tombstone":
      return { tombstone: encodeChange(record.change) };
  }
}

function decodeHeader(header: ISnapshotHeader): SnapshotRecord {
  const { index, incarnation, bootstrap, clockMs, clockCounter } = header;
  return {
    kind: "header",
    index,
    incarnation,
    founding:
      bootstrap === undefined
        ? undefined
        : {
            kind: "bootstrap",
            ...bootstrap,
          },
    clock: {
      ms: clockMs,
      counter: clockCounter,
    },
  };
}

function decodeNode({ change, nextSequence }: ISnapshotNode): SnapshotRecord {
  if (change === undefined) throw new Error("the snapshot holds a node without its state");
  return { kind: "node", change: decodeChange(change), nextSequence };
}

function encodeQuota(record: QuotaRecord): Encodable<ISnapshotQuota> {
  const { countedTo } = record;
  return { ...record, counting: countedTo !== undefined, countedTo: countedTo ?? "" };
}

function decodeQuota({
  path,
  nodesMax,
  bytesMax,
  counting,
  countedTo,
}: ISnapshotQuota): QuotaRecord {
  return {
    path,
    nodesMax: nodesMax === 0 ? undefined : nodesMax,
    bytesMax: bytesMax === 0 ? undefined : bytesMax,
    countedTo: counting ? countedTo : undefined,
  };
}

function encodeSession(record: SessionRecord): Encodable<ISnapshotSession> {
  const answers = record.answers.map(({ sequence, index, result }) => ({
    sequence,
    index,
    response: encodeResult(result),
  }));
  return { ...record, answers };
}

function decodeSession(session: ISnapshotSession): SessionRecord {
  const answers = session.answers.map(({ sequence, index, response }) => ({
    sequence,
    index,
    result: decodeResult(response),
  }));
  const { session: id, secret, timeoutMs, appliedSequence, attachment } = session;
  return { session: id, secret, timeoutMs, appliedSequence, attachment, answers };
}

function decodeResult(response: IResponse | undefined): Result {
  const parts = (response?.multi?.parts ?? []).map(decodePart);
  if (response?.error !== undefined) {
    const { code, message, hint } = response.error;
    return { kind: "failed", code: codeOf(code), message, hint, parts };
  }
  if (response?.multi !== undefined) return { kind: "multi", parts };
  const { node } = response ?? {};
  if (node?.stat === undefined) return { kind: "done" };
  return { kind: "node", path: node.path, stat: decodeStat(node.stat) };
}

function decodePart(part: NonNullable<IResponse["multi"]>["parts"][number]): PartResult {
  const stat = part.node?.stat;
  return {
    path: part.node?.path ?? "",
    stat: stat === undefined ? undefined : decodeStat(stat),
    code: part.code === 0 ? "" : codeOf(part.code),
    outcome: outcomeOf(part.outcome),
  };
}

/** Remembered answers only hold codes that the tree itself gave. */
function codeOf(number: number): Extract<Result, { kind: "failed" }>["code"] {
  return errorCodeName(number) as Extract<Result, { kind: "failed" }>["code"];
}
