/* oxlint-disable */
// Generated from protos/meridian/v1/coordination.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { EMPTY, codec, readNested, readString } from "../codec.ts";
import type { Codec, Encodable, Method } from "../codec.ts";
import { readUint64, writeSint32, writeUint32, writeUint64 } from "../integers.ts";
import {
  readError,
  readNode,
  readPosition,
  readStat,
  type IError,
  type INode,
  type IPosition,
  type IStat,
  writeError,
  writeNode,
  writePosition,
  writeStat,
} from "./common.ts";

/** How a node is created. */
export const CreateMode = {
  /** Same as persistent. */
  UNSPECIFIED: 0,
  /** Stays until deleted. */
  PERSISTENT: 1,
  /** Goes with the session. */
  EPHEMERAL: 2,
  /** Stays; ten digits from the parent's counter are appended to the name. */
  PERSISTENT_SEQUENTIAL: 3,
  /** Goes with the session; ten digits are appended. */
  EPHEMERAL_SEQUENTIAL: 4,
  /** Removed by the leader some time after its last child went. */
  CONTAINER: 5,
  /** Removed by the leader when unchanged and childless for its time to live. */
  TTL: 6,
  /** Likewise, with ten digits appended. */
  TTL_SEQUENTIAL: 7,
} as const;
/** A value of CreateMode. Decoded fields may hold others, of newer senders. */
export type CreateMode = (typeof CreateMode)[keyof typeof CreateMode];

/** What a watch reports. */
export const WatchKind = {
  /** Not stated: persistent-recursive. */
  UNSPECIFIED: 0,
  /** Once: data changed or node deleted. */
  DATA: 1,
  /** Once: a child came or went, or the node was deleted. */
  CHILD: 2,
  /** Once: node created, changed or deleted. */
  EXISTS: 3,
  /** Until ended: the node and its set of children. */
  PERSISTENT: 4,
  /** Until ended: the node and all below it. */
  PERSISTENT_RECURSIVE: 5,
} as const;
/** A value of WatchKind. Decoded fields may hold others, of newer senders. */
export type WatchKind = (typeof WatchKind)[keyof typeof WatchKind];

/** What became of one part of a multi. */
export const MultiOutcome = {
  /** Not stated. */
  UNSPECIFIED: 0,
  /** Done, with all others. */
  DONE: 1,
  /** Done, and taken back since a later part failed. */
  UNDONE: 2,
  /** Failed: nothing of the multi was done. */
  FAILED: 3,
  /** Not tried, since an earlier part failed. */
  UNTRIED: 4,
} as const;
/** A value of MultiOutcome. Decoded fields may hold others, of newer senders. */
export type MultiOutcome = (typeof MultiOutcome)[keyof typeof MultiOutcome];

/** Kind of event. */
export const EventKind = {
  /** Never sent. */
  UNSPECIFIED: 0,
  /** The node was created. */
  CREATED: 1,
  /** The node's data changed. */
  CHANGED: 2,
  /** The node was deleted. */
  DELETED: 3,
  /** The node's set of children changed. */
  CHILDREN: 4,
} as const;
/** A value of EventKind. Decoded fields may hold others, of newer senders. */
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** What a client sends: any number of requests, answered in any order by id. */
export interface IClientFrame {
  /** First frame of the stream only. */
  readonly hello: IHello | undefined;
  /** Operations, in the order in which the session issued them. */
  readonly requests: readonly IRequest[];
  /** Every answer to a write up to this session sequence number has arrived: its record may be dropped. */
  readonly acknowledged: number;
  /** Ends the session through the log: ephemeral nodes go, the stream is closed by the server. */
  readonly goodbye: boolean;
}
/** Codec of ClientFrame. */
export const ClientFrame: Codec<IClientFrame> = codec(
  "ClientFrame",
  writeClientFrame,
  readClientFrame,
);

export function writeClientFrame(m: Encodable<IClientFrame>, w: Writer): void {
  if (m.hello !== undefined) {
    w.uint32(10).fork();
    writeHello(m.hello, w);
    w.ldelim();
  }
  if (m.requests !== undefined)
    for (const item of m.requests) {
      w.uint32(18).fork();
      writeRequest(item, w);
      w.ldelim();
    }
  if (m.acknowledged !== undefined && m.acknowledged !== 0) {
    writeUint64(w.uint32(24), m.acknowledged);
  }
  if (m.goodbye !== undefined && m.goodbye !== false) {
    w.uint32(32).bool(m.goodbye);
  }
}

export function readClientFrame(r: Reader): IClientFrame {
  let helloValue: IHello | undefined;
  const requestsValue: IRequest[] = [];
  let acknowledgedValue = 0;
  let goodbyeValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        helloValue = readNested(r, readHello);
        break;
      case 18:
        requestsValue.push(readNested(r, readRequest));
        break;
      case 24:
        acknowledgedValue = readUint64(r);
        break;
      case 32:
        goodbyeValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    hello: helloValue,
    requests: requestsValue,
    acknowledged: acknowledgedValue,
    goodbye: goodbyeValue,
  };
}

/** Opens or resumes a session. */
export interface IHello {
  /** Chosen at random by the client, 1 .. 2^52. 0: a stream for reads and watches only, without a session. */
  readonly sessionId: number;
  /** 16 random bytes that prove the ownership of the session when it moves. */
  readonly secret: Uint8Array;
  /** Asked for; the server answers with what it grants. */
  readonly timeoutMs: number;
  /** True: create it if it does not exist. False: a missing session answers SESSION_EXPIRED. */
  readonly create: boolean;
  /** The caller's region. */
  readonly region: string;
  /**
   * Counts the streams on which this client said hello for the session, from 1: where two nodes have streams of
   * one session, the higher number holds it, and the other is told SESSION_MOVED. 0: the client does not count;
   * then the later hello holds it, and the stream before is told NOT_LEADER.
   */
  readonly attachment: number;
}
/** Codec of Hello. */
export const Hello: Codec<IHello> = codec("Hello", writeHello, readHello);

export function writeHello(m: Encodable<IHello>, w: Writer): void {
  if (m.sessionId !== undefined && m.sessionId !== 0) {
    writeUint64(w.uint32(8), m.sessionId);
  }
  if (m.secret !== undefined && m.secret.length > 0) {
    w.uint32(18).bytes(m.secret);
  }
  if (m.timeoutMs !== undefined && m.timeoutMs !== 0) {
    writeUint32(w.uint32(24), m.timeoutMs);
  }
  if (m.create !== undefined && m.create !== false) {
    w.uint32(32).bool(m.create);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(42).string(m.region);
  }
  if (m.attachment !== undefined && m.attachment !== 0) {
    writeUint64(w.uint32(48), m.attachment);
  }
}

export function readHello(r: Reader): IHello {
  let sessionIdValue = 0;
  let secretValue: Uint8Array = EMPTY;
  let timeoutMsValue = 0;
  let createValue = false;
  let regionValue = "";
  let attachmentValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionIdValue = readUint64(r);
        break;
      case 18:
        secretValue = r.bytes();
        break;
      case 24:
        timeoutMsValue = r.uint32();
        break;
      case 32:
        createValue = r.uint32() !== 0;
        break;
      case 42:
        regionValue = readString(r);
        break;
      case 48:
        attachmentValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    sessionId: sessionIdValue,
    secret: secretValue,
    timeoutMs: timeoutMsValue,
    create: createValue,
    region: regionValue,
    attachment: attachmentValue,
  };
}

/** One operation. */
export interface IRequest {
  /** Echoed in the response; unique among the open requests of the stream. */
  readonly id: number;
  /** Writes: number of the write within the session, from 1, by one. 0 for reads. */
  readonly sequence: number;
  /** Time left until the caller's deadline, in milliseconds. 0: the server's default. */
  readonly deadlineMs: number;
  /** Reads: freshness asked for. */
  readonly consistency: number;
  /** Reads: refuse with STALE beyond this. 0: no bound. */
  readonly maxStalenessMs: number;
  /** Reads: answer no earlier state than this, per cluster. */
  readonly after: readonly IPosition[];
  /** Creates a node. */
  readonly create: ICreate | undefined;
  /** Replaces data. */
  readonly set: ISetData | undefined;
  /** Deletes a node. */
  readonly delete: IDelete | undefined;
  /** All or nothing. */
  readonly multi: IMulti | undefined;
  /** Reads a node. */
  readonly get: IGet | undefined;
  /** Tells whether a node exists. */
  readonly exists: IExists | undefined;
  /** Lists children. */
  readonly children: IChildren | undefined;
  /** Catches up with the leader. */
  readonly sync: ISync | undefined;
  /** Starts a watch; its events carry the id of this request. */
  readonly watch: IWatch | undefined;
  /** Ends a watch. */
  readonly unwatch: IUnwatch | undefined;
  /** Keeps the session alive; answered at once. */
  readonly ping: IPing | undefined;
}
/** Codec of Request. */
export const Request: Codec<IRequest> = codec("Request", writeRequest, readRequest);

export function writeRequest(m: Encodable<IRequest>, w: Writer): void {
  if (m.id !== undefined && m.id !== 0) {
    writeUint64(w.uint32(8), m.id);
  }
  if (m.sequence !== undefined && m.sequence !== 0) {
    writeUint64(w.uint32(16), m.sequence);
  }
  if (m.deadlineMs !== undefined && m.deadlineMs !== 0) {
    writeUint32(w.uint32(24), m.deadlineMs);
  }
  if (m.consistency !== undefined && m.consistency !== 0) {
    writeUint32(w.uint32(32), m.consistency);
  }
  if (m.maxStalenessMs !== undefined && m.maxStalenessMs !== 0) {
    writeUint32(w.uint32(40), m.maxStalenessMs);
  }
  if (m.after !== undefined)
    for (const item of m.after) {
      w.uint32(50).fork();
      writePosition(item, w);
      w.ldelim();
    }
  if (m.create !== undefined) {
    w.uint32(82).fork();
    writeCreate(m.create, w);
    w.ldelim();
  }
  if (m.set !== undefined) {
    w.uint32(90).fork();
    writeSetData(m.set, w);
    w.ldelim();
  }
  if (m.delete !== undefined) {
    w.uint32(98).fork();
    writeDelete(m.delete, w);
    w.ldelim();
  }
  if (m.multi !== undefined) {
    w.uint32(106).fork();
    writeMulti(m.multi, w);
    w.ldelim();
  }
  if (m.get !== undefined) {
    w.uint32(114).fork();
    writeGet(m.get, w);
    w.ldelim();
  }
  if (m.exists !== undefined) {
    w.uint32(122).fork();
    writeExists(m.exists, w);
    w.ldelim();
  }
  if (m.children !== undefined) {
    w.uint32(130).fork();
    writeChildren(m.children, w);
    w.ldelim();
  }
  if (m.sync !== undefined) {
    w.uint32(138).fork();
    writeSync(m.sync, w);
    w.ldelim();
  }
  if (m.watch !== undefined) {
    w.uint32(146).fork();
    writeWatch(m.watch, w);
    w.ldelim();
  }
  if (m.unwatch !== undefined) {
    w.uint32(154).fork();
    writeUnwatch(m.unwatch, w);
    w.ldelim();
  }
  if (m.ping !== undefined) {
    w.uint32(162).fork();
    writePing(m.ping, w);
    w.ldelim();
  }
}

export function readRequest(r: Reader): IRequest {
  let operationIs = 0;
  let operation: unknown;
  let idValue = 0;
  let sequenceValue = 0;
  let deadlineMsValue = 0;
  let consistencyValue = 0;
  let maxStalenessMsValue = 0;
  const afterValue: IPosition[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        idValue = readUint64(r);
        break;
      case 16:
        sequenceValue = readUint64(r);
        break;
      case 24:
        deadlineMsValue = r.uint32();
        break;
      case 32:
        consistencyValue = r.uint32();
        break;
      case 40:
        maxStalenessMsValue = r.uint32();
        break;
      case 50:
        afterValue.push(readNested(r, readPosition));
        break;
      case 82:
        operation = readNested(r, readCreate);
        operationIs = 10;
        break;
      case 90:
        operation = readNested(r, readSetData);
        operationIs = 11;
        break;
      case 98:
        operation = readNested(r, readDelete);
        operationIs = 12;
        break;
      case 106:
        operation = readNested(r, readMulti);
        operationIs = 13;
        break;
      case 114:
        operation = readNested(r, readGet);
        operationIs = 14;
        break;
      case 122:
        operation = readNested(r, readExists);
        operationIs = 15;
        break;
      case 130:
        operation = readNested(r, readChildren);
        operationIs = 16;
        break;
      case 138:
        operation = readNested(r, readSync);
        operationIs = 17;
        break;
      case 146:
        operation = readNested(r, readWatch);
        operationIs = 18;
        break;
      case 154:
        operation = readNested(r, readUnwatch);
        operationIs = 19;
        break;
      case 162:
        operation = readNested(r, readPing);
        operationIs = 20;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    id: idValue,
    sequence: sequenceValue,
    deadlineMs: deadlineMsValue,
    consistency: consistencyValue,
    maxStalenessMs: maxStalenessMsValue,
    after: afterValue,
    create: operationIs === 10 ? (operation as ICreate) : undefined,
    set: operationIs === 11 ? (operation as ISetData) : undefined,
    delete: operationIs === 12 ? (operation as IDelete) : undefined,
    multi: operationIs === 13 ? (operation as IMulti) : undefined,
    get: operationIs === 14 ? (operation as IGet) : undefined,
    exists: operationIs === 15 ? (operation as IExists) : undefined,
    children: operationIs === 16 ? (operation as IChildren) : undefined,
    sync: operationIs === 17 ? (operation as ISync) : undefined,
    watch: operationIs === 18 ? (operation as IWatch) : undefined,
    unwatch: operationIs === 19 ? (operation as IUnwatch) : undefined,
    ping: operationIs === 20 ? (operation as IPing) : undefined,
  };
}

/** Creates a node. */
export interface ICreate {
  /** Absolute path, or for sequential modes its beginning. */
  readonly path: string;
  /** Initial data. */
  readonly data: Uint8Array;
  /** Kind of node. */
  readonly mode: number;
  /** TTL modes: time to live. */
  readonly ttlMs: number;
  /** Creates missing ancestors, persistent and empty, in the same transaction. */
  readonly parents: boolean;
}
/** Codec of Create. */
export const Create: Codec<ICreate> = codec("Create", writeCreate, readCreate);

export function writeCreate(m: Encodable<ICreate>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.data !== undefined && m.data.length > 0) {
    w.uint32(18).bytes(m.data);
  }
  if (m.mode !== undefined && m.mode !== 0) {
    writeUint32(w.uint32(24), m.mode);
  }
  if (m.ttlMs !== undefined && m.ttlMs !== 0) {
    writeUint64(w.uint32(32), m.ttlMs);
  }
  if (m.parents !== undefined && m.parents !== false) {
    w.uint32(40).bool(m.parents);
  }
}

export function readCreate(r: Reader): ICreate {
  let pathValue = "";
  let dataValue: Uint8Array = EMPTY;
  let modeValue = 0;
  let ttlMsValue = 0;
  let parentsValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 18:
        dataValue = r.bytes();
        break;
      case 24:
        modeValue = r.uint32();
        break;
      case 32:
        ttlMsValue = readUint64(r);
        break;
      case 40:
        parentsValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    path: pathValue,
    data: dataValue,
    mode: modeValue,
    ttlMs: ttlMsValue,
    parents: parentsValue,
  };
}

/** Replaces the data of a node. */
export interface ISetData {
  /** Absolute path. */
  readonly path: string;
  /** New data. */
  readonly data: Uint8Array;
  /** Expected version; -1: any. */
  readonly version: number;
}
/** Codec of SetData. */
export const SetData: Codec<ISetData> = codec("SetData", writeSetData, readSetData);

export function writeSetData(m: Encodable<ISetData>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.data !== undefined && m.data.length > 0) {
    w.uint32(18).bytes(m.data);
  }
  if (m.version !== undefined && m.version !== 0) {
    writeSint32(w.uint32(24), m.version);
  }
}

export function readSetData(r: Reader): ISetData {
  let pathValue = "";
  let dataValue: Uint8Array = EMPTY;
  let versionValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 18:
        dataValue = r.bytes();
        break;
      case 24:
        versionValue = r.sint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue, data: dataValue, version: versionValue };
}

/** Deletes a node without children. */
export interface IDelete {
  /** Absolute path. */
  readonly path: string;
  /** Expected version; -1: any. */
  readonly version: number;
}
/** Codec of Delete. */
export const Delete: Codec<IDelete> = codec("Delete", writeDelete, readDelete);

export function writeDelete(m: Encodable<IDelete>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.version !== undefined && m.version !== 0) {
    writeSint32(w.uint32(16), m.version);
  }
}

export function readDelete(r: Reader): IDelete {
  let pathValue = "";
  let versionValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 16:
        versionValue = r.sint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue, version: versionValue };
}

/** Checks a version as part of a multi. */
export interface ICheck {
  /** Absolute path. */
  readonly path: string;
  /** Expected version; -1: only that the node exists. */
  readonly version: number;
}
/** Codec of Check. */
export const Check: Codec<ICheck> = codec("Check", writeCheck, readCheck);

export function writeCheck(m: Encodable<ICheck>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.version !== undefined && m.version !== 0) {
    writeSint32(w.uint32(16), m.version);
  }
}

export function readCheck(r: Reader): ICheck {
  let pathValue = "";
  let versionValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 16:
        versionValue = r.sint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue, version: versionValue };
}

/** Several writes of one cluster, all or nothing. */
export interface IMulti {
  /** In order; at most 128. */
  readonly operations: readonly IMultiOperation[];
}
/** Codec of Multi. */
export const Multi: Codec<IMulti> = codec("Multi", writeMulti, readMulti);

export function writeMulti(m: Encodable<IMulti>, w: Writer): void {
  if (m.operations !== undefined)
    for (const item of m.operations) {
      w.uint32(10).fork();
      writeMultiOperation(item, w);
      w.ldelim();
    }
}

export function readMulti(r: Reader): IMulti {
  const operationsValue: IMultiOperation[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        operationsValue.push(readNested(r, readMultiOperation));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { operations: operationsValue };
}

/** One part of a multi. */
export interface IMultiOperation {
  /** Checks a version. */
  readonly check: ICheck | undefined;
  /** Creates a node. */
  readonly create: ICreate | undefined;
  /** Replaces data. */
  readonly set: ISetData | undefined;
  /** Deletes a node. */
  readonly delete: IDelete | undefined;
}
/** Codec of MultiOperation. */
export const MultiOperation: Codec<IMultiOperation> = codec(
  "MultiOperation",
  writeMultiOperation,
  readMultiOperation,
);

export function writeMultiOperation(m: Encodable<IMultiOperation>, w: Writer): void {
  if (m.check !== undefined) {
    w.uint32(10).fork();
    writeCheck(m.check, w);
    w.ldelim();
  }
  if (m.create !== undefined) {
    w.uint32(18).fork();
    writeCreate(m.create, w);
    w.ldelim();
  }
  if (m.set !== undefined) {
    w.uint32(26).fork();
    writeSetData(m.set, w);
    w.ldelim();
  }
  if (m.delete !== undefined) {
    w.uint32(34).fork();
    writeDelete(m.delete, w);
    w.ldelim();
  }
}

export function readMultiOperation(r: Reader): IMultiOperation {
  let operationIs = 0;
  let operation: unknown;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        operation = readNested(r, readCheck);
        operationIs = 1;
        break;
      case 18:
        operation = readNested(r, readCreate);
        operationIs = 2;
        break;
      case 26:
        operation = readNested(r, readSetData);
        operationIs = 3;
        break;
      case 34:
        operation = readNested(r, readDelete);
        operationIs = 4;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    check: operationIs === 1 ? (operation as ICheck) : undefined,
    create: operationIs === 2 ? (operation as ICreate) : undefined,
    set: operationIs === 3 ? (operation as ISetData) : undefined,
    delete: operationIs === 4 ? (operation as IDelete) : undefined,
  };
}

/** Reads a node. */
export interface IGet {
  /** Absolute path. */
  readonly path: string;
}
/** Codec of Get. */
export const Get: Codec<IGet> = codec("Get", writeGet, readGet);

export function writeGet(m: Encodable<IGet>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
}

export function readGet(r: Reader): IGet {
  let pathValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue };
}

/** Tells whether a node exists. */
export interface IExists {
  /** Absolute path. */
  readonly path: string;
}
/** Codec of Exists. */
export const Exists: Codec<IExists> = codec("Exists", writeExists, readExists);

export function writeExists(m: Encodable<IExists>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
}

export function readExists(r: Reader): IExists {
  let pathValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue };
}

/** Lists the children of a node by name. */
export interface IChildren {
  /** Absolute path. */
  readonly path: string;
  /** With the Stat of each. */
  readonly withStats: boolean;
  /** With Stat and data of each. */
  readonly withData: boolean;
  /** At most this many; 0: the server's maximum. */
  readonly limit: number;
  /** Names after this one, for paging. */
  readonly after: string;
}
/** Codec of Children. */
export const Children: Codec<IChildren> = codec("Children", writeChildren, readChildren);

export function writeChildren(m: Encodable<IChildren>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.withStats !== undefined && m.withStats !== false) {
    w.uint32(16).bool(m.withStats);
  }
  if (m.withData !== undefined && m.withData !== false) {
    w.uint32(24).bool(m.withData);
  }
  if (m.limit !== undefined && m.limit !== 0) {
    writeUint32(w.uint32(32), m.limit);
  }
  if (m.after !== undefined && m.after !== "") {
    w.uint32(42).string(m.after);
  }
}

export function readChildren(r: Reader): IChildren {
  let pathValue = "";
  let withStatsValue = false;
  let withDataValue = false;
  let limitValue = 0;
  let afterValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 16:
        withStatsValue = r.uint32() !== 0;
        break;
      case 24:
        withDataValue = r.uint32() !== 0;
        break;
      case 32:
        limitValue = r.uint32();
        break;
      case 42:
        afterValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    path: pathValue,
    withStats: withStatsValue,
    withData: withDataValue,
    limit: limitValue,
    after: afterValue,
  };
}

/** Catches up with the leader of the serving cluster. */
export interface ISync {
  /** Path whose zone is meant. */
  readonly path: string;
}
/** Codec of Sync. */
export const Sync: Codec<ISync> = codec("Sync", writeSync, readSync);

export function writeSync(m: Encodable<ISync>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
}

export function readSync(r: Reader): ISync {
  let pathValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue };
}

/** Starts a watch. */
export interface IWatch {
  /** Absolute path. */
  readonly path: string;
  /** What to report. */
  readonly kind: number;
  /** Resume after these positions, one a cluster. Empty: from now. */
  readonly from: readonly IPosition[];
  /** Events carry the new data. */
  readonly withData: boolean;
}
/** Codec of Watch. */
export const Watch: Codec<IWatch> = codec("Watch", writeWatch, readWatch);

export function writeWatch(m: Encodable<IWatch>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.kind !== undefined && m.kind !== 0) {
    writeUint32(w.uint32(16), m.kind);
  }
  if (m.from !== undefined)
    for (const item of m.from) {
      w.uint32(26).fork();
      writePosition(item, w);
      w.ldelim();
    }
  if (m.withData !== undefined && m.withData !== false) {
    w.uint32(32).bool(m.withData);
  }
}

export function readWatch(r: Reader): IWatch {
  let pathValue = "";
  let kindValue = 0;
  const fromValue: IPosition[] = [];
  let withDataValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 16:
        kindValue = r.uint32();
        break;
      case 26:
        fromValue.push(readNested(r, readPosition));
        break;
      case 32:
        withDataValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { path: pathValue, kind: kindValue, from: fromValue, withData: withDataValue };
}

/** Ends a watch. */
export interface IUnwatch {
  /** Id of the request that started it. */
  readonly watch: number;
}
/** Codec of Unwatch. */
export const Unwatch: Codec<IUnwatch> = codec("Unwatch", writeUnwatch, readUnwatch);

export function writeUnwatch(m: Encodable<IUnwatch>, w: Writer): void {
  if (m.watch !== undefined && m.watch !== 0) {
    writeUint64(w.uint32(8), m.watch);
  }
}

export function readUnwatch(r: Reader): IUnwatch {
  let watchValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        watchValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { watch: watchValue };
}

/** Keeps a session alive. */
export type IPing = Readonly<Record<never, never>>;
/** Codec of Ping. */
export const Ping: Codec<IPing> = codec("Ping", writePing, readPing);

export function writePing(_m: Encodable<IPing>, _w: Writer): void {}

export function readPing(r: Reader): IPing {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** What a server sends. */
export interface IServerFrame {
  /** Answer to `hello`, once, first. */
  readonly welcome: IWelcome | undefined;
  /** Answers, by request id. */
  readonly responses: readonly IResponse[];
  /** Watch events, in the order in which the serving replica applied them. */
  readonly events: readonly IWatchEvents[];
  /** The server ends the stream: why, and where to go on. */
  readonly farewell: IError | undefined;
}
/** Codec of ServerFrame. */
export const ServerFrame: Codec<IServerFrame> = codec(
  "ServerFrame",
  writeServerFrame,
  readServerFrame,
);

export function writeServerFrame(m: Encodable<IServerFrame>, w: Writer): void {
  if (m.welcome !== undefined) {
    w.uint32(10).fork();
    writeWelcome(m.welcome, w);
    w.ldelim();
  }
  if (m.responses !== undefined)
    for (const item of m.responses) {
      w.uint32(18).fork();
      writeResponse(item, w);
      w.ldelim();
    }
  if (m.events !== undefined)
    for (const item of m.events) {
      w.uint32(26).fork();
      writeWatchEvents(item, w);
      w.ldelim();
    }
  if (m.farewell !== undefined) {
    w.uint32(34).fork();
    writeError(m.farewell, w);
    w.ldelim();
  }
}

export function readServerFrame(r: Reader): IServerFrame {
  let welcomeValue: IWelcome | undefined;
  const responsesValue: IResponse[] = [];
  const eventsValue: IWatchEvents[] = [];
  let farewellValue: IError | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        welcomeValue = readNested(r, readWelcome);
        break;
      case 18:
        responsesValue.push(readNested(r, readResponse));
        break;
      case 26:
        eventsValue.push(readNested(r, readWatchEvents));
        break;
      case 34:
        farewellValue = readNested(r, readError);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    welcome: welcomeValue,
    responses: responsesValue,
    events: eventsValue,
    farewell: farewellValue,
  };
}

/** What the stream is connected to. */
export interface IWelcome {
  /** The session, as granted. */
  readonly sessionId: number;
  /** Timeout, as granted. */
  readonly timeoutMs: number;
  /** Cluster whose positions the responses carry. */
  readonly cluster: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /** Region, node and tier that serve this stream. */
  readonly region: string;
  /** The node. */
  readonly node: string;
  /** The tier. */
  readonly tier: number;
  /** Node that leads the cluster, if known; empty at an edge. */
  readonly leader: string;
  /** What the session has applied: the highest sequence number. */
  readonly appliedSequence: number;
}
/** Codec of Welcome. */
export const Welcome: Codec<IWelcome> = codec("Welcome", writeWelcome, readWelcome);

export function writeWelcome(m: Encodable<IWelcome>, w: Writer): void {
  if (m.sessionId !== undefined && m.sessionId !== 0) {
    writeUint64(w.uint32(8), m.sessionId);
  }
  if (m.timeoutMs !== undefined && m.timeoutMs !== 0) {
    writeUint32(w.uint32(16), m.timeoutMs);
  }
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(26).string(m.cluster);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(32), m.incarnation);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(42).string(m.region);
  }
  if (m.node !== undefined && m.node !== "") {
    w.uint32(50).string(m.node);
  }
  if (m.tier !== undefined && m.tier !== 0) {
    writeUint32(w.uint32(56), m.tier);
  }
  if (m.leader !== undefined && m.leader !== "") {
    w.uint32(66).string(m.leader);
  }
  if (m.appliedSequence !== undefined && m.appliedSequence !== 0) {
    writeUint64(w.uint32(72), m.appliedSequence);
  }
}

export function readWelcome(r: Reader): IWelcome {
  let sessionIdValue = 0;
  let timeoutMsValue = 0;
  let clusterValue = "";
  let incarnationValue = 0;
  let regionValue = "";
  let nodeValue = "";
  let tierValue = 0;
  let leaderValue = "";
  let appliedSequenceValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionIdValue = readUint64(r);
        break;
      case 16:
        timeoutMsValue = r.uint32();
        break;
      case 26:
        clusterValue = readString(r);
        break;
      case 32:
        incarnationValue = readUint64(r);
        break;
      case 42:
        regionValue = readString(r);
        break;
      case 50:
        nodeValue = readString(r);
        break;
      case 56:
        tierValue = r.uint32();
        break;
      case 66:
        leaderValue = readString(r);
        break;
      case 72:
        appliedSequenceValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    sessionId: sessionIdValue,
    timeoutMs: timeoutMsValue,
    cluster: clusterValue,
    incarnation: incarnationValue,
    region: regionValue,
    node: nodeValue,
    tier: tierValue,
    leader: leaderValue,
    appliedSequence: appliedSequenceValue,
  };
}

/** Answer to one request. */
export interface IResponse {
  /** Id of the request. */
  readonly id: number;
  /** Set when the operation was refused or failed. */
  readonly error: IError | undefined;
  /** Log index, in the cluster of the welcome, that this answer reflects. */
  readonly index: number;
  /** Positions in other clusters that this answer reflects: mirrored and eventual data. */
  readonly positions: readonly IPosition[];
  /** What was delivered. */
  readonly consistency: number;
  /** Upper bound of the age of the data; 0 when read at its owner. */
  readonly stalenessMs: number;
  /** The write is not final. */
  readonly provisional: boolean;
  /** Create: the path made. Set: its path. Get: path and data. All with Stat. */
  readonly node: INode | undefined;
  /** Exists: absent when the node does not exist. */
  readonly exists: IExistsResult | undefined;
  /** Children. */
  readonly children: IChildrenResult | undefined;
  /** Multi. */
  readonly multi: IMultiResult | undefined;
}
/** Codec of Response. */
export const Response: Codec<IResponse> = codec("Response", writeResponse, readResponse);

export function writeResponse(m: Encodable<IResponse>, w: Writer): void {
  if (m.id !== undefined && m.id !== 0) {
    writeUint64(w.uint32(8), m.id);
  }
  if (m.error !== undefined) {
    w.uint32(18).fork();
    writeError(m.error, w);
    w.ldelim();
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(24), m.index);
  }
  if (m.positions !== undefined)
    for (const item of m.positions) {
      w.uint32(34).fork();
      writePosition(item, w);
      w.ldelim();
    }
  if (m.consistency !== undefined && m.consistency !== 0) {
    writeUint32(w.uint32(40), m.consistency);
  }
  if (m.stalenessMs !== undefined && m.stalenessMs !== 0) {
    writeUint32(w.uint32(48), m.stalenessMs);
  }
  if (m.provisional !== undefined && m.provisional !== false) {
    w.uint32(56).bool(m.provisional);
  }
  if (m.node !== undefined) {
    w.uint32(82).fork();
    writeNode(m.node, w);
    w.ldelim();
  }
  if (m.exists !== undefined) {
    w.uint32(90).fork();
    writeExistsResult(m.exists, w);
    w.ldelim();
  }
  if (m.children !== undefined) {
    w.uint32(98).fork();
    writeChildrenResult(m.children, w);
    w.ldelim();
  }
  if (m.multi !== undefined) {
    w.uint32(106).fork();
    writeMultiResult(m.multi, w);
    w.ldelim();
  }
}

export function readResponse(r: Reader): IResponse {
  let resultIs = 0;
  let result: unknown;
  let idValue = 0;
  let errorValue: IError | undefined;
  let indexValue = 0;
  const positionsValue: IPosition[] = [];
  let consistencyValue = 0;
  let stalenessMsValue = 0;
  let provisionalValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        idValue = readUint64(r);
        break;
      case 18:
        errorValue = readNested(r, readError);
        break;
      case 24:
        indexValue = readUint64(r);
        break;
      case 34:
        positionsValue.push(readNested(r, readPosition));
        break;
      case 40:
        consistencyValue = r.uint32();
        break;
      case 48:
        stalenessMsValue = r.uint32();
        break;
      case 56:
        provisionalValue = r.uint32() !== 0;
        break;
      case 82:
        result = readNested(r, readNode);
        resultIs = 10;
        break;
      case 90:
        result = readNested(r, readExistsResult);
        resultIs = 11;
        break;
      case 98:
        result = readNested(r, readChildrenResult);
        resultIs = 12;
        break;
      case 106:
        result = readNested(r, readMultiResult);
        resultIs = 13;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    id: idValue,
    error: errorValue,
    index: indexValue,
    positions: positionsValue,
    consistency: consistencyValue,
    stalenessMs: stalenessMsValue,
    provisional: provisionalValue,
    node: resultIs === 10 ? (result as INode) : undefined,
    exists: resultIs === 11 ? (result as IExistsResult) : undefined,
    children: resultIs === 12 ? (result as IChildrenResult) : undefined,
    multi: resultIs === 13 ? (result as IMultiResult) : undefined,
  };
}

/** Result of exists. */
export interface IExistsResult {
  /** Absent when the node does not exist. */
  readonly stat: IStat | undefined;
}
/** Codec of ExistsResult. */
export const ExistsResult: Codec<IExistsResult> = codec(
  "ExistsResult",
  writeExistsResult,
  readExistsResult,
);

export function writeExistsResult(m: Encodable<IExistsResult>, w: Writer): void {
  if (m.stat !== undefined) {
    w.uint32(10).fork();
    writeStat(m.stat, w);
    w.ldelim();
  }
}

export function readExistsResult(r: Reader): IExistsResult {
  let statValue: IStat | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        statValue = readNested(r, readStat);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { stat: statValue };
}

/** Result of children. */
export interface IChildrenResult {
  /** Names in ascending order of UTF-16 code units, each with what was asked for; `path` holds the name. */
  readonly children: readonly INode[];
  /** Stat of the parent. */
  readonly stat: IStat | undefined;
  /** More names follow after the last one. */
  readonly more: boolean;
}
/** Codec of ChildrenResult. */
export const ChildrenResult: Codec<IChildrenResult> = codec(
  "ChildrenResult",
  writeChildrenResult,
  readChildrenResult,
);

export function writeChildrenResult(m: Encodable<IChildrenResult>, w: Writer): void {
  if (m.children !== undefined)
    for (const item of m.children) {
      w.uint32(10).fork();
      writeNode(item, w);
      w.ldelim();
    }
  if (m.stat !== undefined) {
    w.uint32(18).fork();
    writeStat(m.stat, w);
    w.ldelim();
  }
  if (m.more !== undefined && m.more !== false) {
    w.uint32(24).bool(m.more);
  }
}

export function readChildrenResult(r: Reader): IChildrenResult {
  const childrenValue: INode[] = [];
  let statValue: IStat | undefined;
  let moreValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        childrenValue.push(readNested(r, readNode));
        break;
      case 18:
        statValue = readNested(r, readStat);
        break;
      case 24:
        moreValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { children: childrenValue, stat: statValue, more: moreValue };
}

/** Result of a multi, part by part; on failure the error of the response names the part. */
export interface IMultiResult {
  /** One a part. */
  readonly parts: readonly IMultiPart[];
}
/** Codec of MultiResult. */
export const MultiResult: Codec<IMultiResult> = codec(
  "MultiResult",
  writeMultiResult,
  readMultiResult,
);

export function writeMultiResult(m: Encodable<IMultiResult>, w: Writer): void {
  if (m.parts !== undefined)
    for (const item of m.parts) {
      w.uint32(10).fork();
      writeMultiPart(item, w);
      w.ldelim();
    }
}

export function readMultiResult(r: Reader): IMultiResult {
  const partsValue: IMultiPart[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        partsValue.push(readNested(r, readMultiPart));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { parts: partsValue };
}

/** Result of one part of a multi. */
export interface IMultiPart {
  /** Create and set: path and Stat. */
  readonly node: INode | undefined;
  /** Why this part failed; not set on the others. */
  readonly code: number;
  /** What became of it. */
  readonly outcome: number;
}
/** Codec of MultiPart. */
export const MultiPart: Codec<IMultiPart> = codec("MultiPart", writeMultiPart, readMultiPart);

export function writeMultiPart(m: Encodable<IMultiPart>, w: Writer): void {
  if (m.node !== undefined) {
    w.uint32(10).fork();
    writeNode(m.node, w);
    w.ldelim();
  }
  if (m.code !== undefined && m.code !== 0) {
    writeUint32(w.uint32(16), m.code);
  }
  if (m.outcome !== undefined && m.outcome !== 0) {
    writeUint32(w.uint32(24), m.outcome);
  }
}

export function readMultiPart(r: Reader): IMultiPart {
  let nodeValue: INode | undefined;
  let codeValue = 0;
  let outcomeValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readNested(r, readNode);
        break;
      case 16:
        codeValue = r.uint32();
        break;
      case 24:
        outcomeValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { node: nodeValue, code: codeValue, outcome: outcomeValue };
}

/** Events of one watch, from one transaction. */
export interface IWatchEvents {
  /** Id of the request that started the watch. */
  readonly watch: number;
  /** In order. Empty: only progress. */
  readonly events: readonly IWatchEvent[];
  /**
   * Resume from here: everything up to this position has been delivered. With events it may lie
   * before an earlier one: what came in between in another region may be needed again.
   */
  readonly positions: readonly IPosition[];
  /** The watch has ended: COMPACTED, FORKED, OVERLOADED and so on. One-shot watches end without it. */
  readonly error: IError | undefined;
  /** How many of the responses in the same frame come after these events. 0: they all come before. */
  readonly laterResponses: number;
}
/** Codec of WatchEvents. */
export const WatchEvents: Codec<IWatchEvents> = codec(
  "WatchEvents",
  writeWatchEvents,
  readWatchEvents,
);

export function writeWatchEvents(m: Encodable<IWatchEvents>, w: Writer): void {
  if (m.watch !== undefined && m.watch !== 0) {
    writeUint64(w.uint32(8), m.watch);
  }
  if (m.events !== undefined)
    for (const item of m.events) {
      w.uint32(18).fork();
      writeWatchEvent(item, w);
      w.ldelim();
    }
  if (m.positions !== undefined)
    for (const item of m.positions) {
      w.uint32(26).fork();
      writePosition(item, w);
      w.ldelim();
    }
  if (m.error !== undefined) {
    w.uint32(34).fork();
    writeError(m.error, w);
    w.ldelim();
  }
  if (m.laterResponses !== undefined && m.laterResponses !== 0) {
    writeUint32(w.uint32(40), m.laterResponses);
  }
}

export function readWatchEvents(r: Reader): IWatchEvents {
  let watchValue = 0;
  const eventsValue: IWatchEvent[] = [];
  const positionsValue: IPosition[] = [];
  let errorValue: IError | undefined;
  let laterResponsesValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        watchValue = readUint64(r);
        break;
      case 18:
        eventsValue.push(readNested(r, readWatchEvent));
        break;
      case 26:
        positionsValue.push(readNested(r, readPosition));
        break;
      case 34:
        errorValue = readNested(r, readError);
        break;
      case 40:
        laterResponsesValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    watch: watchValue,
    events: eventsValue,
    positions: positionsValue,
    error: errorValue,
    laterResponses: laterResponsesValue,
  };
}

/** One event. */
export interface IWatchEvent {
  /** What happened. */
  readonly kind: number;
  /** To which node. */
  readonly path: string;
  /** Its data, when asked for and created or changed. */
  readonly data: Uint8Array;
  /** Its Stat, when created or changed. */
  readonly stat: IStat | undefined;
  /** Where it happened. */
  readonly position: IPosition | undefined;
}
/** Codec of WatchEvent. */
export const WatchEvent: Codec<IWatchEvent> = codec("WatchEvent", writeWatchEvent, readWatchEvent);

export function writeWatchEvent(m: Encodable<IWatchEvent>, w: Writer): void {
  if (m.kind !== undefined && m.kind !== 0) {
    writeUint32(w.uint32(8), m.kind);
  }
  if (m.path !== undefined && m.path !== "") {
    w.uint32(18).string(m.path);
  }
  if (m.data !== undefined && m.data.length > 0) {
    w.uint32(26).bytes(m.data);
  }
  if (m.stat !== undefined) {
    w.uint32(34).fork();
    writeStat(m.stat, w);
    w.ldelim();
  }
  if (m.position !== undefined) {
    w.uint32(42).fork();
    writePosition(m.position, w);
    w.ldelim();
  }
}

export function readWatchEvent(r: Reader): IWatchEvent {
  let kindValue = 0;
  let pathValue = "";
  let dataValue: Uint8Array = EMPTY;
  let statValue: IStat | undefined;
  let positionValue: IPosition | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        kindValue = r.uint32();
        break;
      case 18:
        pathValue = readString(r);
        break;
      case 26:
        dataValue = r.bytes();
        break;
      case 34:
        statValue = readNested(r, readStat);
        break;
      case 42:
        positionValue = readNested(r, readPosition);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    kind: kindValue,
    path: pathValue,
    data: dataValue,
    stat: statValue,
    position: positionValue,
  };
}

/** Options that every unary method takes. */
export interface ICallOptions {
  /** Freshness asked for. */
  readonly consistency: number;
  /** Refuse with STALE beyond this. 0: no bound. */
  readonly maxStalenessMs: number;
  /** Answer no earlier state than this. */
  readonly after: readonly IPosition[];
}
/** Codec of CallOptions. */
export const CallOptions: Codec<ICallOptions> = codec(
  "CallOptions",
  writeCallOptions,
  readCallOptions,
);

export function writeCallOptions(m: Encodable<ICallOptions>, w: Writer): void {
  if (m.consistency !== undefined && m.consistency !== 0) {
    writeUint32(w.uint32(8), m.consistency);
  }
  if (m.maxStalenessMs !== undefined && m.maxStalenessMs !== 0) {
    writeUint32(w.uint32(16), m.maxStalenessMs);
  }
  if (m.after !== undefined)
    for (const item of m.after) {
      w.uint32(26).fork();
      writePosition(item, w);
      w.ldelim();
    }
}

export function readCallOptions(r: Reader): ICallOptions {
  let consistencyValue = 0;
  let maxStalenessMsValue = 0;
  const afterValue: IPosition[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        consistencyValue = r.uint32();
        break;
      case 16:
        maxStalenessMsValue = r.uint32();
        break;
      case 26:
        afterValue.push(readNested(r, readPosition));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { consistency: consistencyValue, maxStalenessMs: maxStalenessMsValue, after: afterValue };
}

/** One operation without a session. */
export interface IExecuteRequest {
  /** The operation; `id` and `sequence` are ignored. */
  readonly request: IRequest | undefined;
}
/** Codec of ExecuteRequest. */
export const ExecuteRequest: Codec<IExecuteRequest> = codec(
  "ExecuteRequest",
  writeExecuteRequest,
  readExecuteRequest,
);

export function writeExecuteRequest(m: Encodable<IExecuteRequest>, w: Writer): void {
  if (m.request !== undefined) {
    w.uint32(10).fork();
    writeRequest(m.request, w);
    w.ldelim();
  }
}

export function readExecuteRequest(r: Reader): IExecuteRequest {
  let requestValue: IRequest | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        requestValue = readNested(r, readRequest);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { request: requestValue };
}

/** Answer of a unary method; refusals are gRPC errors with details. */
export interface IExecuteResponse {
  /** The answer. */
  readonly response: IResponse | undefined;
  /** Who served it. */
  readonly servedBy: IWelcome | undefined;
}
/** Codec of ExecuteResponse. */
export const ExecuteResponse: Codec<IExecuteResponse> = codec(
  "ExecuteResponse",
  writeExecuteResponse,
  readExecuteResponse,
);

export function writeExecuteResponse(m: Encodable<IExecuteResponse>, w: Writer): void {
  if (m.response !== undefined) {
    w.uint32(10).fork();
    writeResponse(m.response, w);
    w.ldelim();
  }
  if (m.servedBy !== undefined) {
    w.uint32(18).fork();
    writeWelcome(m.servedBy, w);
    w.ldelim();
  }
}

export function readExecuteResponse(r: Reader): IExecuteResponse {
  let responseValue: IResponse | undefined;
  let servedByValue: IWelcome | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        responseValue = readNested(r, readResponse);
        break;
      case 18:
        servedByValue = readNested(r, readWelcome);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { response: responseValue, servedBy: servedByValue };
}

/** Creates a node. */
export interface ICreateRequest {
  /** What to create. */
  readonly create: ICreate | undefined;
}
/** Codec of CreateRequest. */
export const CreateRequest: Codec<ICreateRequest> = codec(
  "CreateRequest",
  writeCreateRequest,
  readCreateRequest,
);

export function writeCreateRequest(m: Encodable<ICreateRequest>, w: Writer): void {
  if (m.create !== undefined) {
    w.uint32(10).fork();
    writeCreate(m.create, w);
    w.ldelim();
  }
}

export function readCreateRequest(r: Reader): ICreateRequest {
  let createValue: ICreate | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        createValue = readNested(r, readCreate);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { create: createValue };
}

/** Reads a node. */
export interface IGetRequest {
  /** What to read. */
  readonly get: IGet | undefined;
  /** How. */
  readonly options: ICallOptions | undefined;
}
/** Codec of GetRequest. */
export const GetRequest: Codec<IGetRequest> = codec("GetRequest", writeGetRequest, readGetRequest);

export function writeGetRequest(m: Encodable<IGetRequest>, w: Writer): void {
  if (m.get !== undefined) {
    w.uint32(10).fork();
    writeGet(m.get, w);
    w.ldelim();
  }
  if (m.options !== undefined) {
    w.uint32(18).fork();
    writeCallOptions(m.options, w);
    w.ldelim();
  }
}

export function readGetRequest(r: Reader): IGetRequest {
  let getValue: IGet | undefined;
  let optionsValue: ICallOptions | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        getValue = readNested(r, readGet);
        break;
      case 18:
        optionsValue = readNested(r, readCallOptions);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { get: getValue, options: optionsValue };
}

/** Tells whether a node exists. */
export interface IExistsRequest {
  /** What to read. */
  readonly exists: IExists | undefined;
  /** How. */
  readonly options: ICallOptions | undefined;
}
/** Codec of ExistsRequest. */
export const ExistsRequest: Codec<IExistsRequest> = codec(
  "ExistsRequest",
  writeExistsRequest,
  readExistsRequest,
);

export function writeExistsRequest(m: Encodable<IExistsRequest>, w: Writer): void {
  if (m.exists !== undefined) {
    w.uint32(10).fork();
    writeExists(m.exists, w);
    w.ldelim();
  }
  if (m.options !== undefined) {
    w.uint32(18).fork();
    writeCallOptions(m.options, w);
    w.ldelim();
  }
}

export function readExistsRequest(r: Reader): IExistsRequest {
  let existsValue: IExists | undefined;
  let optionsValue: ICallOptions | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        existsValue = readNested(r, readExists);
        break;
      case 18:
        optionsValue = readNested(r, readCallOptions);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { exists: existsValue, options: optionsValue };
}

/** Lists children. */
export interface IChildrenRequest {
  /** What to read. */
  readonly children: IChildren | undefined;
  /** How. */
  readonly options: ICallOptions | undefined;
}
/** Codec of ChildrenRequest. */
export const ChildrenRequest: Codec<IChildrenRequest> = codec(
  "ChildrenRequest",
  writeChildrenRequest,
  readChildrenRequest,
);

export function writeChildrenRequest(m: Encodable<IChildrenRequest>, w: Writer): void {
  if (m.children !== undefined) {
    w.uint32(10).fork();
    writeChildren(m.children, w);
    w.ldelim();
  }
  if (m.options !== undefined) {
    w.uint32(18).fork();
    writeCallOptions(m.options, w);
    w.ldelim();
  }
}

export function readChildrenRequest(r: Reader): IChildrenRequest {
  let childrenValue: IChildren | undefined;
  let optionsValue: ICallOptions | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        childrenValue = readNested(r, readChildren);
        break;
      case 18:
        optionsValue = readNested(r, readCallOptions);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { children: childrenValue, options: optionsValue };
}

/** Replaces data. */
export interface ISetRequest {
  /** What to write. */
  readonly set: ISetData | undefined;
}
/** Codec of SetRequest. */
export const SetRequest: Codec<ISetRequest> = codec("SetRequest", writeSetRequest, readSetRequest);

export function writeSetRequest(m: Encodable<ISetRequest>, w: Writer): void {
  if (m.set !== undefined) {
    w.uint32(10).fork();
    writeSetData(m.set, w);
    w.ldelim();
  }
}

export function readSetRequest(r: Reader): ISetRequest {
  let setValue: ISetData | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        setValue = readNested(r, readSetData);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { set: setValue };
}

/** Deletes a node. */
export interface IDeleteRequest {
  /** What to delete. */
  readonly delete: IDelete | undefined;
}
/** Codec of DeleteRequest. */
export const DeleteRequest: Codec<IDeleteRequest> = codec(
  "DeleteRequest",
  writeDeleteRequest,
  readDeleteRequest,
);

export function writeDeleteRequest(m: Encodable<IDeleteRequest>, w: Writer): void {
  if (m.delete !== undefined) {
    w.uint32(10).fork();
    writeDelete(m.delete, w);
    w.ldelim();
  }
}

export function readDeleteRequest(r: Reader): IDeleteRequest {
  let deleteValue: IDelete | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        deleteValue = readNested(r, readDelete);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { delete: deleteValue };
}

/** Several writes, all or nothing. */
export interface IMultiRequest {
  /** What to write. */
  readonly multi: IMulti | undefined;
}
/** Codec of MultiRequest. */
export const MultiRequest: Codec<IMultiRequest> = codec(
  "MultiRequest",
  writeMultiRequest,
  readMultiRequest,
);

export function writeMultiRequest(m: Encodable<IMultiRequest>, w: Writer): void {
  if (m.multi !== undefined) {
    w.uint32(10).fork();
    writeMulti(m.multi, w);
    w.ldelim();
  }
}

export function readMultiRequest(r: Reader): IMultiRequest {
  let multiValue: IMulti | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        multiValue = readNested(r, readMulti);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { multi: multiValue };
}

/** Catches up with the leader. */
export interface ISyncRequest {
  /** For which path. */
  readonly sync: ISync | undefined;
}
/** Codec of SyncRequest. */
export const SyncRequest: Codec<ISyncRequest> = codec(
  "SyncRequest",
  writeSyncRequest,
  readSyncRequest,
);

export function writeSyncRequest(m: Encodable<ISyncRequest>, w: Writer): void {
  if (m.sync !== undefined) {
    w.uint32(10).fork();
    writeSync(m.sync, w);
    w.ldelim();
  }
}

export function readSyncRequest(r: Reader): ISyncRequest {
  let syncValue: ISync | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        syncValue = readNested(r, readSync);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { sync: syncValue };
}

/** Starts a watch. */
export interface IWatchRequest {
  /** What to watch. */
  readonly watch: IWatch | undefined;
}
/** Codec of WatchRequest. */
export const WatchRequest: Codec<IWatchRequest> = codec(
  "WatchRequest",
  writeWatchRequest,
  readWatchRequest,
);

export function writeWatchRequest(m: Encodable<IWatchRequest>, w: Writer): void {
  if (m.watch !== undefined) {
    w.uint32(10).fork();
    writeWatch(m.watch, w);
    w.ldelim();
  }
}

export function readWatchRequest(r: Reader): IWatchRequest {
  let watchValue: IWatch | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        watchValue = readNested(r, readWatch);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { watch: watchValue };
}

/** Events of the watch. */
export interface IWatchResponse {
  /** The events. */
  readonly events: IWatchEvents | undefined;
}
/** Codec of WatchResponse. */
export const WatchResponse: Codec<IWatchResponse> = codec(
  "WatchResponse",
  writeWatchResponse,
  readWatchResponse,
);

export function writeWatchResponse(m: Encodable<IWatchResponse>, w: Writer): void {
  if (m.events !== undefined) {
    w.uint32(10).fork();
    writeWatchEvents(m.events, w);
    w.ldelim();
  }
}

export function readWatchResponse(r: Reader): IWatchResponse {
  let eventsValue: IWatchEvents | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        eventsValue = readNested(r, readWatchEvents);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { events: eventsValue };
}

/** The service that clients use. The stream is the fast path; the unary methods are for simple tools. */
export const CoordinationService: {
  /** A session: frames of many operations in both directions. The first frame carries `hello`. */
  readonly session: Method<IClientFrame, IServerFrame>;
  /** One operation without a session. A write is tried at most once by the server. */
  readonly execute: Method<IExecuteRequest, IExecuteResponse>;
  /** Creates a node. */
  readonly create: Method<ICreateRequest, IExecuteResponse>;
  /** Reads a node. */
  readonly get: Method<IGetRequest, IExecuteResponse>;
  /** Tells whether a node exists. */
  readonly exists: Method<IExistsRequest, IExecuteResponse>;
  /** Lists the children of a node. */
  readonly children: Method<IChildrenRequest, IExecuteResponse>;
  /** Replaces the data of a node. */
  readonly set: Method<ISetRequest, IExecuteResponse>;
  /** Deletes a node without children. */
  readonly delete: Method<IDeleteRequest, IExecuteResponse>;
  /** Several writes, all or nothing. */
  readonly multi: Method<IMultiRequest, IExecuteResponse>;
  /** Brings the serving replica up to the leader's commit index. */
  readonly sync: Method<ISyncRequest, IExecuteResponse>;
  /** Changes below a path as they happen. */
  readonly watch: Method<IWatchRequest, IWatchResponse>;
} = {
  session: {
    path: "/meridian.v1.Coordination/Session",
    request: ClientFrame,
    response: ServerFrame,
    requestStream: true,
    responseStream: true,
  },
  execute: {
    path: "/meridian.v1.Coordination/Execute",
    request: ExecuteRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  create: {
    path: "/meridian.v1.Coordination/Create",
    request: CreateRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  get: {
    path: "/meridian.v1.Coordination/Get",
    request: GetRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  exists: {
    path: "/meridian.v1.Coordination/Exists",
    request: ExistsRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  children: {
    path: "/meridian.v1.Coordination/Children",
    request: ChildrenRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  set: {
    path: "/meridian.v1.Coordination/Set",
    request: SetRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  delete: {
    path: "/meridian.v1.Coordination/Delete",
    request: DeleteRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  multi: {
    path: "/meridian.v1.Coordination/Multi",
    request: MultiRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  sync: {
    path: "/meridian.v1.Coordination/Sync",
    request: SyncRequest,
    response: ExecuteResponse,
    requestStream: false,
    responseStream: false,
  },
  watch: {
    path: "/meridian.v1.Coordination/Watch",
    request: WatchRequest,
    response: WatchResponse,
    requestStream: false,
    responseStream: true,
  },
};
