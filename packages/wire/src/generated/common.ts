/* oxlint-disable */
// Generated from protos/meridian/v1/common.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { EMPTY, codec, readNested, readString } from "../codec.ts";
import type { Codec, Encodable } from "../codec.ts";
import { readUint64, writeUint32, writeUint64 } from "../integers.ts";

/** How fresh an answer has to be, or was. */
export const Consistency = {
  /** Asked: whatever the zone gives. Answered: never. */
  UNSPECIFIED: 0,
  /** Linearizable at the cluster that owns the path. */
  STRICT: 1,
  /** The state of the caller's regional replica. */
  REGIONAL: 2,
  /** Whatever is nearest, with its staleness stated. */
  EVENTUAL: 3,
  /** Newest of a majority of regions, merged by the zone's policy. */
  QUORUM: 4,
} as const;
/** A value of Consistency. Decoded fields may hold others, of newer senders. */
export type Consistency = (typeof Consistency)[keyof typeof Consistency];

/** Which tier served an answer. */
export const Tier = {
  /** Not stated. */
  UNSPECIFIED: 0,
  /** The global tier. */
  GLOBAL: 1,
  /** A regional cluster. */
  REGIONAL: 2,
  /** An edge observer. */
  EDGE: 3,
} as const;
/** A value of Tier. Decoded fields may hold others, of newer senders. */
export type Tier = (typeof Tier)[keyof typeof Tier];

/** The stable error codes of the platform. Messages may change; codes do not. */
export const ErrorCode = {
  /** No error. */
  UNSPECIFIED: 0,
  /** The node does not exist. */
  NO_NODE: 1,
  /** The node exists already. */
  NODE_EXISTS: 2,
  /** The expected version is not the node's version. */
  BAD_VERSION: 3,
  /** The node has children. */
  NOT_EMPTY: 4,
  /** An ephemeral node cannot have children. */
  NO_CHILDREN_FOR_EPHEMERALS: 5,
  /** The path breaks the rules for paths. */
  BAD_PATH: 6,
  /** An argument is missing, unknown or out of range. */
  BAD_ARGUMENTS: 7,
  /** Data, path, message or transaction above its limit. */
  TOO_LARGE: 8,
  /** The quota of the subtree or of the server is used up. */
  QUOTA_EXCEEDED: 9,
  /** The session has ended; its ephemeral nodes are gone. */
  SESSION_EXPIRED: 10,
  /** This member does not lead, and knows or does not know who does. */
  NOT_LEADER: 11,
  /** The global tier cannot be reached from here. */
  GLOBAL_UNAVAILABLE: 12,
  /** The region that the operation needs cannot be reached from here. */
  REGION_UNAVAILABLE: 13,
  /** No reachable replica is as fresh as asked for. */
  STALE: 14,
  /** The causal token names a history that was abandoned. */
  CAUSALITY_LOST: 15,
  /** The position belongs to a history that was abandoned. */
  FORKED: 16,
  /** The position is older than what is kept. */
  COMPACTED: 17,
  /** Another cluster owns this path. */
  MOVED: 18,
  /** The data may not leave the regions it is bound to. */
  RESIDENCY_DENIED: 19,
  /** The caller may not do this. */
  PERMISSION_DENIED: 20,
  /** The caller is not known. */
  UNAUTHENTICATED: 21,
  /** The operation does not exist for this zone or this server. */
  UNSUPPORTED: 22,
  /** The server is busy; retry after the hint. */
  OVERLOADED: 23,
  /** The deadline passed. */
  DEADLINE: 24,
  /** A write whose fate is not known. */
  UNKNOWN: 25,
  /** Stored data is damaged. */
  CORRUPT: 26,
  /** A change of members that cannot be made; the hint says why in one word. */
  CHANGE_REFUSED: 27,
  /** A change of members that cannot be made yet: another one is under way, or a learner is behind. The hint says which. */
  CHANGE_EARLY: 28,
  /** Another stream holds the session now, at this node or another; this one is over. */
  SESSION_MOVED: 29,
} as const;
/** A value of ErrorCode. Decoded fields may hold others, of newer senders. */
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** A place in the history of one cluster. Indexes of one (cluster, incarnation) only grow. */
export interface IPosition {
  /** Name of the cluster: "global", or the name of a region. */
  readonly cluster: string;
  /** Raised by a forced promotion; positions of different incarnations are not comparable. */
  readonly incarnation: number;
  /** Raft log index in that cluster. */
  readonly index: number;
}
/** Codec of Position. */
export const Position: Codec<IPosition> = codec("Position", writePosition, readPosition);

export function writePosition(m: Encodable<IPosition>, w: Writer): void {
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(10).string(m.cluster);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(16), m.incarnation);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(24), m.index);
  }
}

export function readPosition(r: Reader): IPosition {
  let clusterValue = "";
  let incarnationValue = 0;
  let indexValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        clusterValue = readString(r);
        break;
      case 16:
        incarnationValue = readUint64(r);
        break;
      case 24:
        indexValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { cluster: clusterValue, incarnation: incarnationValue, index: indexValue };
}

/** A refusal, with enough to act on it. */
export interface IError {
  /** The stable code. */
  readonly code: number;
  /** What was expected, what was found, what to do. */
  readonly message: string;
  /** Retry no earlier than this, in milliseconds; 0 when there is no hint. */
  readonly retryAfterMs: number;
  /** MOVED: the cluster that owns the path. NOT_LEADER: the node that leads, if known. CHANGE_REFUSED and CHANGE_EARLY: why. */
  readonly hint: string;
}
/** Codec of Error. */
export const Error: Codec<IError> = codec("Error", writeError, readError);

export function writeError(m: Encodable<IError>, w: Writer): void {
  if (m.code !== undefined && m.code !== 0) {
    writeUint32(w.uint32(8), m.code);
  }
  if (m.message !== undefined && m.message !== "") {
    w.uint32(18).string(m.message);
  }
  if (m.retryAfterMs !== undefined && m.retryAfterMs !== 0) {
    writeUint32(w.uint32(24), m.retryAfterMs);
  }
  if (m.hint !== undefined && m.hint !== "") {
    w.uint32(34).string(m.hint);
  }
}

export function readError(r: Reader): IError {
  let codeValue = 0;
  let messageValue = "";
  let retryAfterMsValue = 0;
  let hintValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        codeValue = r.uint32();
        break;
      case 18:
        messageValue = readString(r);
        break;
      case 24:
        retryAfterMsValue = r.uint32();
        break;
      case 34:
        hintValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    code: codeValue,
    message: messageValue,
    retryAfterMs: retryAfterMsValue,
    hint: hintValue,
  };
}

/** What ZooKeeper's users know as Stat. */
export interface IStat {
  /** Log index of the creation, in the owning cluster. */
  readonly czxid: number;
  /** Log index of the last change of data. */
  readonly mzxid: number;
  /** Log index of the last change of the set of children. */
  readonly pzxid: number;
  /** Creation, milliseconds since 1970, by the clock of the server that took the write. */
  readonly ctimeMs: number;
  /** Last change of data, likewise. */
  readonly mtimeMs: number;
  /** Number of changes of data since creation. */
  readonly version: number;
  /** Number of changes of the set of children. */
  readonly cversion: number;
  /** Number of changes of the access control list. */
  readonly aversion: number;
  /** Session that owns an ephemeral node; 0 for others. */
  readonly ephemeralOwner: number;
  /** Bytes of data. */
  readonly dataLength: number;
  /** Number of children. */
  readonly numChildren: number;
  /** Eventual zones: region that wrote the current value. Empty elsewhere. */
  readonly origin: string;
  /** Eventual zones: what the current value has seen, per region. */
  readonly vector: readonly IVectorEntry[];
}
/** Codec of Stat. */
export const Stat: Codec<IStat> = codec("Stat", writeStat, readStat);

export function writeStat(m: Encodable<IStat>, w: Writer): void {
  if (m.czxid !== undefined && m.czxid !== 0) {
    writeUint64(w.uint32(8), m.czxid);
  }
  if (m.mzxid !== undefined && m.mzxid !== 0) {
    writeUint64(w.uint32(16), m.mzxid);
  }
  if (m.pzxid !== undefined && m.pzxid !== 0) {
    writeUint64(w.uint32(24), m.pzxid);
  }
  if (m.ctimeMs !== undefined && m.ctimeMs !== 0) {
    writeUint64(w.uint32(32), m.ctimeMs);
  }
  if (m.mtimeMs !== undefined && m.mtimeMs !== 0) {
    writeUint64(w.uint32(40), m.mtimeMs);
  }
  if (m.version !== undefined && m.version !== 0) {
    writeUint32(w.uint32(48), m.version);
  }
  if (m.cversion !== undefined && m.cversion !== 0) {
    writeUint32(w.uint32(56), m.cversion);
  }
  if (m.aversion !== undefined && m.aversion !== 0) {
    writeUint32(w.uint32(64), m.aversion);
  }
  if (m.ephemeralOwner !== undefined && m.ephemeralOwner !== 0) {
    writeUint64(w.uint32(72), m.ephemeralOwner);
  }
  if (m.dataLength !== undefined && m.dataLength !== 0) {
    writeUint32(w.uint32(80), m.dataLength);
  }
  if (m.numChildren !== undefined && m.numChildren !== 0) {
    writeUint32(w.uint32(88), m.numChildren);
  }
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(98).string(m.origin);
  }
  if (m.vector !== undefined)
    for (const item of m.vector) {
      w.uint32(106).fork();
      writeVectorEntry(item, w);
      w.ldelim();
    }
}

export function readStat(r: Reader): IStat {
  let czxidValue = 0;
  let mzxidValue = 0;
  let pzxidValue = 0;
  let ctimeMsValue = 0;
  let mtimeMsValue = 0;
  let versionValue = 0;
  let cversionValue = 0;
  let aversionValue = 0;
  let ephemeralOwnerValue = 0;
  let dataLengthValue = 0;
  let numChildrenValue = 0;
  let originValue = "";
  const vectorValue: IVectorEntry[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        czxidValue = readUint64(r);
        break;
      case 16:
        mzxidValue = readUint64(r);
        break;
      case 24:
        pzxidValue = readUint64(r);
        break;
      case 32:
        ctimeMsValue = readUint64(r);
        break;
      case 40:
        mtimeMsValue = readUint64(r);
        break;
      case 48:
        versionValue = r.uint32();
        break;
      case 56:
        cversionValue = r.uint32();
        break;
      case 64:
        aversionValue = r.uint32();
        break;
      case 72:
        ephemeralOwnerValue = readUint64(r);
        break;
      case 80:
        dataLengthValue = r.uint32();
        break;
      case 88:
        numChildrenValue = r.uint32();
        break;
      case 98:
        originValue = readString(r);
        break;
      case 106:
        vectorValue.push(readNested(r, readVectorEntry));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    czxid: czxidValue,
    mzxid: mzxidValue,
    pzxid: pzxidValue,
    ctimeMs: ctimeMsValue,
    mtimeMs: mtimeMsValue,
    version: versionValue,
    cversion: cversionValue,
    aversion: aversionValue,
    ephemeralOwner: ephemeralOwnerValue,
    dataLength: dataLengthValue,
    numChildren: numChildrenValue,
    origin: originValue,
    vector: vectorValue,
  };
}

/** One component of a version vector. */
export interface IVectorEntry {
  /** The region. */
  readonly region: string;
  /** Number of the last write of that region that is included. */
  readonly counter: number;
}
/** Codec of VectorEntry. */
export const VectorEntry: Codec<IVectorEntry> = codec(
  "VectorEntry",
  writeVectorEntry,
  readVectorEntry,
);

export function writeVectorEntry(m: Encodable<IVectorEntry>, w: Writer): void {
  if (m.region !== undefined && m.region !== "") {
    w.uint32(10).string(m.region);
  }
  if (m.counter !== undefined && m.counter !== 0) {
    writeUint64(w.uint32(16), m.counter);
  }
}

export function readVectorEntry(r: Reader): IVectorEntry {
  let regionValue = "";
  let counterValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        regionValue = readString(r);
        break;
      case 16:
        counterValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { region: regionValue, counter: counterValue };
}

/** A node with its data. */
export interface INode {
  /** Absolute path. */
  readonly path: string;
  /** The data. */
  readonly data: Uint8Array;
  /** Its metadata. */
  readonly stat: IStat | undefined;
}
/** Codec of Node. */
export const Node: Codec<INode> = codec("Node", writeNode, readNode);

export function writeNode(m: Encodable<INode>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.data !== undefined && m.data.length > 0) {
    w.uint32(18).bytes(m.data);
  }
  if (m.stat !== undefined) {
    w.uint32(26).fork();
    writeStat(m.stat, w);
    w.ldelim();
  }
}

export function readNode(r: Reader): INode {
  let pathValue = "";
  let dataValue: Uint8Array = EMPTY;
  let statValue: IStat | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 18:
        dataValue = r.bytes();
        break;
      case 26:
        statValue = readNested(r, readStat);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue, data: dataValue, stat: statValue };
}
