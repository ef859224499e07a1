/* oxlint-disable */
// Generated from protos/meridian/v1/log.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { EMPTY, codec, readMapEntry, readNested, readString } from "../codec.ts";
import type { Codec, Encodable } from "../codec.ts";
import {
  readPackedUint64,
  readUint64,
  writePackedUint64,
  writeUint32,
  writeUint64,
} from "../integers.ts";
import {
  readCreate,
  readDelete,
  readMulti,
  readResponse,
  readSetData,
  type ICreate,
  type IDelete,
  type IMulti,
  type IResponse,
  type ISetData,
  writeCreate,
  writeDelete,
  writeMulti,
  writeResponse,
  writeSetData,
} from "./coordination.ts";
import {
  readPosition,
  readStat,
  type IPosition,
  type IStat,
  writePosition,
  writeStat,
} from "./common.ts";

/** Kind of a log entry. */
export const EntryKind = {
  /** A command for the tree. */
  UNSPECIFIED: 0,
  /** Nothing: begins a term. */
  EMPTY: 1,
  /** A configuration of the group. */
  CONFIGURATION: 2,
} as const;
/** A value of EntryKind. Decoded fields may hold others, of newer senders. */
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** Kind of a change. */
export const ChangeKind = {
  /** Never written. */
  UNSPECIFIED: 0,
  /** Node created. */
  CREATED: 1,
  /** Data changed. */
  CHANGED: 2,
  /** Node deleted. */
  DELETED: 3,
} as const;
/** A value of ChangeKind. Decoded fields may hold others, of newer senders. */
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

/** One entry of a Raft log. */
export interface ILogEntry {
  /** Term in which it was proposed. */
  readonly term: number;
  /** What it is. */
  readonly kind: number;
  /** Command or configuration, encoded. */
  readonly data: Uint8Array;
}
/** Codec of LogEntry. */
export const LogEntry: Codec<ILogEntry> = codec("LogEntry", writeLogEntry, readLogEntry);

export function writeLogEntry(m: Encodable<ILogEntry>, w: Writer): void {
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(8), m.term);
  }
  if (m.kind !== undefined && m.kind !== 0) {
    writeUint32(w.uint32(16), m.kind);
  }
  if (m.data !== undefined && m.data.length > 0) {
    w.uint32(26).bytes(m.data);
  }
}

export function readLogEntry(r: Reader): ILogEntry {
  let termValue = 0;
  let kindValue = 0;
  let dataValue: Uint8Array = EMPTY;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        termValue = readUint64(r);
        break;
      case 16:
        kindValue = r.uint32();
        break;
      case 26:
        dataValue = r.bytes();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { term: termValue, kind: kindValue, data: dataValue };
}

/** Configuration of a Raft group. */
export interface IConfiguration {
  /** Groups of voters. */
  readonly groups: readonly IVoterGroup[];
  /** Nodes that follow without a vote. */
  readonly learners: readonly string[];
  /** Voters that keep a log but no tree. */
  readonly witnesses: readonly string[];
  /** During a joint change: the groups before it. */
  readonly outgoingGroups: readonly IVoterGroup[];
  /** Leave the joint configuration as soon as it is committed. */
  readonly autoLeave: boolean;
  /** Group whose voters alone campaign by themselves; empty: any. */
  readonly heldBy: string;
  /** What servers must know of members that their own settings do not name, by node. */
  readonly notes: Readonly<Record<string, string>>;
  /** Counts configurations that were put in force by hand. */
  readonly incarnation: number;
}
/** Codec of Configuration. */
export const Configuration: Codec<IConfiguration> = codec(
  "Configuration",
  writeConfiguration,
  readConfiguration,
);

export function writeConfiguration(m: Encodable<IConfiguration>, w: Writer): void {
  if (m.groups !== undefined)
    for (const item of m.groups) {
      w.uint32(10).fork();
      writeVoterGroup(item, w);
      w.ldelim();
    }
  if (m.learners !== undefined)
    for (const item of m.learners) {
      w.uint32(18).string(item);
    }
  if (m.witnesses !== undefined)
    for (const item of m.witnesses) {
      w.uint32(26).string(item);
    }
  if (m.outgoingGroups !== undefined)
    for (const item of m.outgoingGroups) {
      w.uint32(34).fork();
      writeVoterGroup(item, w);
      w.ldelim();
    }
  if (m.autoLeave !== undefined && m.autoLeave !== false) {
    w.uint32(40).bool(m.autoLeave);
  }
  if (m.heldBy !== undefined && m.heldBy !== "") {
    w.uint32(50).string(m.heldBy);
  }
  if (m.notes !== undefined)
    for (const [key, value] of Object.entries(m.notes)) {
      w.uint32(58)
        .fork()
        .uint32(10)
        .string(key)
        .uint32(18)
        .string(value ?? "")
        .ldelim();
    }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(64), m.incarnation);
  }
}

export function readConfiguration(r: Reader): IConfiguration {
  const groupsValue: IVoterGroup[] = [];
  const learnersValue: string[] = [];
  const witnessesValue: string[] = [];
  const outgoingGroupsValue: IVoterGroup[] = [];
  let autoLeaveValue = false;
  let heldByValue = "";
  const notesValue: Record<string, string> = Object.create(null);
  let incarnationValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        groupsValue.push(readNested(r, readVoterGroup));
        break;
      case 18:
        learnersValue.push(readString(r));
        break;
      case 26:
        witnessesValue.push(readString(r));
        break;
      case 34:
        outgoingGroupsValue.push(readNested(r, readVoterGroup));
        break;
      case 40:
        autoLeaveValue = r.uint32() !== 0;
        break;
      case 50:
        heldByValue = readString(r);
        break;
      case 58:
        readNested(r, (r) => readMapEntry(r, notesValue));
        break;
      case 64:
        incarnationValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    groups: groupsValue,
    learners: learnersValue,
    witnesses: witnessesValue,
    outgoingGroups: outgoingGroupsValue,
    autoLeave: autoLeaveValue,
    heldBy: heldByValue,
    notes: notesValue,
    incarnation: incarnationValue,
  };
}

/** Voters that decide by majority among themselves. */
export interface IVoterGroup {
  /** Its name. */
  readonly name: string;
  /** Nodes. */
  readonly voters: readonly string[];
  /** Weight of the group among groups. */
  readonly weight: number;
}
/** Codec of VoterGroup. */
export const VoterGroup: Codec<IVoterGroup> = codec("VoterGroup", writeVoterGroup, readVoterGroup);

export function writeVoterGroup(m: Encodable<IVoterGroup>, w: Writer): void {
  if (m.name !== undefined && m.name !== "") {
    w.uint32(10).string(m.name);
  }
  if (m.voters !== undefined)
    for (const item of m.voters) {
      w.uint32(18).string(item);
    }
  if (m.weight !== undefined && m.weight !== 0) {
    writeUint32(w.uint32(24), m.weight);
  }
}

export function readVoterGroup(r: Reader): IVoterGroup {
  let nameValue = "";
  const votersValue: string[] = [];
  let weightValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nameValue = readString(r);
        break;
      case 18:
        votersValue.push(readString(r));
        break;
      case 24:
        weightValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { name: nameValue, voters: votersValue, weight: weightValue };
}

/** A command for the tree. */
export interface ICommand {
  /** Session that issued it; 0: none. */
  readonly session: number;
  /** Number of the write in the session; 0: none. */
  readonly sequence: number;
  /** Answers up to this number have arrived at the client. */
  readonly acknowledged: number;
  /** Wall clock of the server that took it, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Attachment of the session that it came by; void when the session has had a higher one. 0: not counted. */
  readonly attachment: number;
  /** Creates a node. */
  readonly create: ICreate | undefined;
  /** Replaces data. */
  readonly set: ISetData | undefined;
  /** Deletes a node. */
  readonly delete: IDelete | undefined;
  /** All or nothing. */
  readonly multi: IMulti | undefined;
  /** Opens a session. */
  readonly openSession: IOpenSession | undefined;
  /** Ends a session at its owner's wish. */
  readonly closeSession: ICloseSession | undefined;
  /** Ends sessions that were silent for too long. */
  readonly expireSessions: IExpireSessions | undefined;
  /** Founds the cluster. */
  readonly bootstrap: IBootstrap | undefined;
  /** Takes over changes of another cluster. */
  readonly applyRemote: IApplyRemote | undefined;
  /** Takes over a part of a snapshot of another cluster. */
  readonly seedRemote: ISeedRemote | undefined;
  /** Reaps a container or TTL node that is due. */
  readonly reap: IReap | undefined;
  /** Another stream holds a session from now on. */
  readonly attachSession: IAttachSession | undefined;
}
/** Codec of Command. */
export const Command: Codec<ICommand> = codec("Command", writeCommand, readCommand);

export function writeCommand(m: Encodable<ICommand>, w: Writer): void {
  if (m.session !== undefined && m.session !== 0) {
    writeUint64(w.uint32(8), m.session);
  }
  if (m.sequence !== undefined && m.sequence !== 0) {
    writeUint64(w.uint32(16), m.sequence);
  }
  if (m.acknowledged !== undefined && m.acknowledged !== 0) {
    writeUint64(w.uint32(24), m.acknowledged);
  }
  if (m.timeMs !== undefined && m.timeMs !== 0) {
    writeUint64(w.uint32(32), m.timeMs);
  }
  if (m.attachment !== undefined && m.attachment !== 0) {
    writeUint64(w.uint32(40), m.attachment);
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
  if (m.openSession !== undefined) {
    w.uint32(114).fork();
    writeOpenSession(m.openSession, w);
    w.ldelim();
  }
  if (m.closeSession !== undefined) {
    w.uint32(122).fork();
    writeCloseSession(m.closeSession, w);
    w.ldelim();
  }
  if (m.expireSessions !== undefined) {
    w.uint32(130).fork();
    writeExpireSessions(m.expireSessions, w);
    w.ldelim();
  }
  if (m.bootstrap !== undefined) {
    w.uint32(138).fork();
    writeBootstrap(m.bootstrap, w);
    w.ldelim();
  }
  if (m.applyRemote !== undefined) {
    w.uint32(146).fork();
    writeApplyRemote(m.applyRemote, w);
    w.ldelim();
  }
  if (m.seedRemote !== undefined) {
    w.uint32(154).fork();
    writeSeedRemote(m.seedRemote, w);
    w.ldelim();
  }
  if (m.reap !== undefined) {
    w.uint32(162).fork();
    writeReap(m.reap, w);
    w.ldelim();
  }
  if (m.attachSession !== undefined) {
    w.uint32(170).fork();
    writeAttachSession(m.attachSession, w);
    w.ldelim();
  }
}

export function readCommand(r: Reader): ICommand {
  let operationIs = 0;
  let operation: unknown;
  let sessionValue = 0;
  let sequenceValue = 0;
  let acknowledgedValue = 0;
  let timeMsValue = 0;
  let attachmentValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionValue = readUint64(r);
        break;
      case 16:
        sequenceValue = readUint64(r);
        break;
      case 24:
        acknowledgedValue = readUint64(r);
        break;
      case 32:
        timeMsValue = readUint64(r);
        break;
      case 40:
        attachmentValue = readUint64(r);
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
        operation = readNested(r, readOpenSession);
        operationIs = 14;
        break;
      case 122:
        operation = readNested(r, readCloseSession);
        operationIs = 15;
        break;
      case 130:
        operation = readNested(r, readExpireSessions);
        operationIs = 16;
        break;
      case 138:
        operation = readNested(r, readBootstrap);
        operationIs = 17;
        break;
      case 146:
        operation = readNested(r, readApplyRemote);
        operationIs = 18;
        break;
      case 154:
        operation = readNested(r, readSeedRemote);
        operationIs = 19;
        break;
      case 162:
        operation = readNested(r, readReap);
        operationIs = 20;
        break;
      case 170:
        operation = readNested(r, readAttachSession);
        operationIs = 21;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    session: sessionValue,
    sequence: sequenceValue,
    acknowledged: acknowledgedValue,
    timeMs: timeMsValue,
    attachment: attachmentValue,
    create: operationIs === 10 ? (operation as ICreate) : undefined,
    set: operationIs === 11 ? (operation as ISetData) : undefined,
    delete: operationIs === 12 ? (operation as IDelete) : undefined,
    multi: operationIs === 13 ? (operation as IMulti) : undefined,
    openSession: operationIs === 14 ? (operation as IOpenSession) : undefined,
    closeSession: operationIs === 15 ? (operation as ICloseSession) : undefined,
    expireSessions: operationIs === 16 ? (operation as IExpireSessions) : undefined,
    bootstrap: operationIs === 17 ? (operation as IBootstrap) : undefined,
    applyRemote: operationIs === 18 ? (operation as IApplyRemote) : undefined,
    seedRemote: operationIs === 19 ? (operation as ISeedRemote) : undefined,
    reap: operationIs === 20 ? (operation as IReap) : undefined,
    attachSession: operationIs === 21 ? (operation as IAttachSession) : undefined,
  };
}

/** Opens a session. */
export interface IOpenSession {
  /** Chosen by the client. */
  readonly session: number;
  /** Proves ownership. */
  readonly secret: Uint8Array;
  /** As granted. */
  readonly timeoutMs: number;
}
/** Codec of OpenSession. */
export const OpenSession: Codec<IOpenSession> = codec(
  "OpenSession",
  writeOpenSession,
  readOpenSession,
);

export function writeOpenSession(m: Encodable<IOpenSession>, w: Writer): void {
  if (m.session !== undefined && m.session !== 0) {
    writeUint64(w.uint32(8), m.session);
  }
  if (m.secret !== undefined && m.secret.length > 0) {
    w.uint32(18).bytes(m.secret);
  }
  if (m.timeoutMs !== undefined && m.timeoutMs !== 0) {
    writeUint32(w.uint32(24), m.timeoutMs);
  }
}

export function readOpenSession(r: Reader): IOpenSession {
  let sessionValue = 0;
  let secretValue: Uint8Array = EMPTY;
  let timeoutMsValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionValue = readUint64(r);
        break;
      case 18:
        secretValue = r.bytes();
        break;
      case 24:
        timeoutMsValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { session: sessionValue, secret: secretValue, timeoutMs: timeoutMsValue };
}

/** Another stream holds a session from now on; void when there is no such session. */
export interface IAttachSession {
  /** Which. */
  readonly session: number;
  /** As the client counts; 0: it does not. */
  readonly attachment: number;
  /** Made at random by the server of the stream, which knows its own by it. */
  readonly ticket: number;
}
/** Codec of AttachSession. */
export const AttachSession: Codec<IAttachSession> = codec(
  "AttachSession",
  writeAttachSession,
  readAttachSession,
);

export function writeAttachSession(m: Encodable<IAttachSession>, w: Writer): void {
  if (m.session !== undefined && m.session !== 0) {
    writeUint64(w.uint32(8), m.session);
  }
  if (m.attachment !== undefined && m.attachment !== 0) {
    writeUint64(w.uint32(16), m.attachment);
  }
  if (m.ticket !== undefined && m.ticket !== 0) {
    writeUint64(w.uint32(24), m.ticket);
  }
}

export function readAttachSession(r: Reader): IAttachSession {
  let sessionValue = 0;
  let attachmentValue = 0;
  let ticketValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionValue = readUint64(r);
        break;
      case 16:
        attachmentValue = readUint64(r);
        break;
      case 24:
        ticketValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { session: sessionValue, attachment: attachmentValue, ticket: ticketValue };
}

/** Ends a session. */
export interface ICloseSession {
  /** Which. */
  readonly session: number;
}
/** Codec of CloseSession. */
export const CloseSession: Codec<ICloseSession> = codec(
  "CloseSession",
  writeCloseSession,
  readCloseSession,
);

export function writeCloseSession(m: Encodable<ICloseSession>, w: Writer): void {
  if (m.session !== undefined && m.session !== 0) {
    writeUint64(w.uint32(8), m.session);
  }
}

export function readCloseSession(r: Reader): ICloseSession {
  let sessionValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { session: sessionValue };
}

/** Ends sessions that were silent for too long; only the leader of `term` may say so. */
export interface IExpireSessions {
  /** Which. */
  readonly sessions: readonly number[];
  /** Term of the leader that proposed it; the command is void in another. */
  readonly term: number;
}
/** Codec of ExpireSessions. */
export const ExpireSessions: Codec<IExpireSessions> = codec(
  "ExpireSessions",
  writeExpireSessions,
  readExpireSessions,
);

export function writeExpireSessions(m: Encodable<IExpireSessions>, w: Writer): void {
  if (m.sessions !== undefined && m.sessions.length > 0) {
    w.uint32(10);
    writePackedUint64(w, m.sessions);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(16), m.term);
  }
}

export function readExpireSessions(r: Reader): IExpireSessions {
  const sessionsValue: number[] = [];
  let termValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionsValue.push(readUint64(r));
        break;
      case 10:
        readPackedUint64(r, sessionsValue);
        break;
      case 16:
        termValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { sessions: sessionsValue, term: termValue };
}

/** Reaps nodes that are due; each only if still unchanged and childless. */
export interface IReap {
  /** Paths. */
  readonly paths: readonly string[];
}
/** Codec of Reap. */
export const Reap: Codec<IReap> = codec("Reap", writeReap, readReap);

export function writeReap(m: Encodable<IReap>, w: Writer): void {
  if (m.paths !== undefined)
    for (const item of m.paths) {
      w.uint32(10).string(item);
    }
}

export function readReap(r: Reader): IReap {
  const pathsValue: string[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathsValue.push(readString(r));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { paths: pathsValue };
}

/** Founds the cluster: first command of its log. */
export interface IBootstrap {
  /** Name of the cluster. */
  readonly cluster: string;
  /** All regions that have a regional cluster, sorted. */
  readonly regions: readonly string[];
  /** The zone table, as JSON. */
  readonly zones: Uint8Array;
}
/** Codec of Bootstrap. */
export const Bootstrap: Codec<IBootstrap> = codec("Bootstrap", writeBootstrap, readBootstrap);

export function writeBootstrap(m: Encodable<IBootstrap>, w: Writer): void {
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(10).string(m.cluster);
  }
  if (m.regions !== undefined)
    for (const item of m.regions) {
      w.uint32(18).string(item);
    }
  if (m.zones !== undefined && m.zones.length > 0) {
    w.uint32(26).bytes(m.zones);
  }
}

export function readBootstrap(r: Reader): IBootstrap {
  let clusterValue = "";
  const regionsValue: string[] = [];
  let zonesValue: Uint8Array = EMPTY;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        clusterValue = readString(r);
        break;
      case 18:
        regionsValue.push(readString(r));
        break;
      case 26:
        zonesValue = r.bytes();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { cluster: clusterValue, regions: regionsValue, zones: zonesValue };
}

/** When and where a value of an eventual zone was written. */
export interface IStamp {
  /** Hybrid logical clock: milliseconds. */
  readonly ms: number;
  /** Hybrid logical clock: counter. */
  readonly counter: number;
  /** Region that wrote it. */
  readonly region: string;
}
/** Codec of Stamp. */
export const Stamp: Codec<IStamp> = codec("Stamp", writeStamp, readStamp);

export function writeStamp(m: Encodable<IStamp>, w: Writer): void {
  if (m.ms !== undefined && m.ms !== 0) {
    writeUint64(w.uint32(8), m.ms);
  }
  if (m.counter !== undefined && m.counter !== 0) {
    writeUint32(w.uint32(16), m.counter);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(26).string(m.region);
  }
}

export function readStamp(r: Reader): IStamp {
  let msValue = 0;
  let counterValue = 0;
  let regionValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        msValue = readUint64(r);
        break;
      case 16:
        counterValue = r.uint32();
        break;
      case 26:
        regionValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { ms: msValue, counter: counterValue, region: regionValue };
}

/** One change of one node. */
export interface IChange {
  /** What happened. */
  readonly kind: number;
  /** To which node. */
  readonly path: string;
  /** Data after the change. */
  readonly data: Uint8Array;
  /** Stat after the change. */
  readonly stat: IStat | undefined;
  /** Eventual zones. */
  readonly stamp: IStamp | undefined;
  /** Mode of a created node. */
  readonly mode: number;
  /** TTL modes. */
  readonly ttlMs: number;
}
/** Codec of Change. */
export const Change: Codec<IChange> = codec("Change", writeChange, readChange);

export function writeChange(m: Encodable<IChange>, w: Writer): void {
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
  if (m.stamp !== undefined) {
    w.uint32(42).fork();
    writeStamp(m.stamp, w);
    w.ldelim();
  }
  if (m.mode !== undefined && m.mode !== 0) {
    writeUint32(w.uint32(48), m.mode);
  }
  if (m.ttlMs !== undefined && m.ttlMs !== 0) {
    writeUint64(w.uint32(56), m.ttlMs);
  }
}

export function readChange(r: Reader): IChange {
  let kindValue = 0;
  let pathValue = "";
  let dataValue: Uint8Array = EMPTY;
  let statValue: IStat | undefined;
  let stampValue: IStamp | undefined;
  let modeValue = 0;
  let ttlMsValue = 0;
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
        stampValue = readNested(r, readStamp);
        break;
      case 48:
        modeValue = r.uint32();
        break;
      case 56:
        ttlMsValue = readUint64(r);
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
    stamp: stampValue,
    mode: modeValue,
    ttlMs: ttlMsValue,
  };
}

/** All changes of one log index of one cluster. */
export interface ITransaction {
  /** Log index in the cluster that made it. */
  readonly index: number;
  /** Cluster that made it. */
  readonly origin: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /** When, milliseconds since 1970 by the clock of the server that took it. */
  readonly timeMs: number;
  /** In order. */
  readonly changes: readonly IChange[];
}
/** Codec of Transaction. */
export const Transaction: Codec<ITransaction> = codec(
  "Transaction",
  writeTransaction,
  readTransaction,
);

export function writeTransaction(m: Encodable<ITransaction>, w: Writer): void {
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(8), m.index);
  }
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(18).string(m.origin);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(24), m.incarnation);
  }
  if (m.timeMs !== undefined && m.timeMs !== 0) {
    writeUint64(w.uint32(32), m.timeMs);
  }
  if (m.changes !== undefined)
    for (const item of m.changes) {
      w.uint32(42).fork();
      writeChange(item, w);
      w.ldelim();
    }
}

export function readTransaction(r: Reader): ITransaction {
  let indexValue = 0;
  let originValue = "";
  let incarnationValue = 0;
  let timeMsValue = 0;
  const changesValue: IChange[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        indexValue = readUint64(r);
        break;
      case 18:
        originValue = readString(r);
        break;
      case 24:
        incarnationValue = readUint64(r);
        break;
      case 32:
        timeMsValue = readUint64(r);
        break;
      case 42:
        changesValue.push(readNested(r, readChange));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    index: indexValue,
    origin: originValue,
    incarnation: incarnationValue,
    timeMs: timeMsValue,
    changes: changesValue,
  };
}

/** Takes over changes of another cluster, exactly once. */
export interface IApplyRemote {
  /** Cluster they come from. */
  readonly origin: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /** Everything up to this index was taken over before; otherwise the command is void. */
  readonly from: number;
  /** Everything up to this index is taken over by this command. */
  readonly to: number;
  /** In order. */
  readonly transactions: readonly ITransaction[];
}
/** Codec of ApplyRemote. */
export const ApplyRemote: Codec<IApplyRemote> = codec(
  "ApplyRemote",
  writeApplyRemote,
  readApplyRemote,
);

export function writeApplyRemote(m: Encodable<IApplyRemote>, w: Writer): void {
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(10).string(m.origin);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(16), m.incarnation);
  }
  if (m.from !== undefined && m.from !== 0) {
    writeUint64(w.uint32(24), m.from);
  }
  if (m.to !== undefined && m.to !== 0) {
    writeUint64(w.uint32(32), m.to);
  }
  if (m.transactions !== undefined)
    for (const item of m.transactions) {
      w.uint32(42).fork();
      writeTransaction(item, w);
      w.ldelim();
    }
}

export function readApplyRemote(r: Reader): IApplyRemote {
  let originValue = "";
  let incarnationValue = 0;
  let fromValue = 0;
  let toValue = 0;
  const transactionsValue: ITransaction[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        originValue = readString(r);
        break;
      case 16:
        incarnationValue = readUint64(r);
        break;
      case 24:
        fromValue = readUint64(r);
        break;
      case 32:
        toValue = readUint64(r);
        break;
      case 42:
        transactionsValue.push(readNested(r, readTransaction));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    origin: originValue,
    incarnation: incarnationValue,
    from: fromValue,
    to: toValue,
    transactions: transactionsValue,
  };
}

/** Takes over a part of a snapshot: the nodes of the origin in a range of paths. */
export interface ISeedRemote {
  /** Cluster they come from. */
  readonly origin: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /** Index of the snapshot. */
  readonly index: number;
  /** Paths after this one in tree order (a node, then its subtree; siblings by code units) are covered; empty: all. */
  readonly afterPath: string;
  /** Paths up to this are covered; empty: to the last. */
  readonly toPath: string;
  /** Nodes of the origin in that range; others of the origin in that range go. */
  readonly nodes: readonly IChange[];
  /** Last part: the cursor of the origin becomes `index`. */
  readonly last: boolean;
}
/** Codec of SeedRemote. */
export const SeedRemote: Codec<ISeedRemote> = codec("SeedRemote", writeSeedRemote, readSeedRemote);

export function writeSeedRemote(m: Encodable<ISeedRemote>, w: Writer): void {
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(10).string(m.origin);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(16), m.incarnation);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(24), m.index);
  }
  if (m.afterPath !== undefined && m.afterPath !== "") {
    w.uint32(34).string(m.afterPath);
  }
  if (m.toPath !== undefined && m.toPath !== "") {
    w.uint32(42).string(m.toPath);
  }
  if (m.nodes !== undefined)
    for (const item of m.nodes) {
      w.uint32(50).fork();
      writeChange(item, w);
      w.ldelim();
    }
  if (m.last !== undefined && m.last !== false) {
    w.uint32(56).bool(m.last);
  }
}

export function readSeedRemote(r: Reader): ISeedRemote {
  let originValue = "";
  let incarnationValue = 0;
  let indexValue = 0;
  let afterPathValue = "";
  let toPathValue = "";
  const nodesValue: IChange[] = [];
  let lastValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        originValue = readString(r);
        break;
      case 16:
        incarnationValue = readUint64(r);
        break;
      case 24:
        indexValue = readUint64(r);
        break;
      case 34:
        afterPathValue = readString(r);
        break;
      case 42:
        toPathValue = readString(r);
        break;
      case 50:
        nodesValue.push(readNested(r, readChange));
        break;
      case 56:
        lastValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    origin: originValue,
    incarnation: incarnationValue,
    index: indexValue,
    afterPath: afterPathValue,
    toPath: toPathValue,
    nodes: nodesValue,
    last: lastValue,
  };
}

/** One record of a snapshot. */
export interface ISnapshotRecord {
  /** First record. */
  readonly header: ISnapshotHeader | undefined;
  /** A node. */
  readonly node: ISnapshotNode | undefined;
  /** A session. */
  readonly session: ISnapshotSession | undefined;
  /** How far another cluster was taken over. */
  readonly cursor: IPosition | undefined;
  /** A deleted value of an eventual zone. */
  readonly tombstone: IChange | undefined;
  /** Part of the recent history. */
  readonly transaction: ITransaction | undefined;
  /** A quota. */
  readonly quota: ISnapshotQuota | undefined;
}
/** Codec of SnapshotRecord. */
export const SnapshotRecord: Codec<ISnapshotRecord> = codec(
  "SnapshotRecord",
  writeSnapshotRecord,
  readSnapshotRecord,
);

export function writeSnapshotRecord(m: Encodable<ISnapshotRecord>, w: Writer): void {
  if (m.header !== undefined) {
    w.uint32(10).fork();
    writeSnapshotHeader(m.header, w);
    w.ldelim();
  }
  if (m.node !== undefined) {
    w.uint32(18).fork();
    writeSnapshotNode(m.node, w);
    w.ldelim();
  }
  if (m.session !== undefined) {
    w.uint32(26).fork();
    writeSnapshotSession(m.session, w);
    w.ldelim();
  }
  if (m.cursor !== undefined) {
    w.uint32(34).fork();
    writePosition(m.cursor, w);
    w.ldelim();
  }
  if (m.tombstone !== undefined) {
    w.uint32(42).fork();
    writeChange(m.tombstone, w);
    w.ldelim();
  }
  if (m.transaction !== undefined) {
    w.uint32(50).fork();
    writeTransaction(m.transaction, w);
    w.ldelim();
  }
  if (m.quota !== undefined) {
    w.uint32(58).fork();
    writeSnapshotQuota(m.quota, w);
    w.ldelim();
  }
}

export function readSnapshotRecord(r: Reader): ISnapshotRecord {
  let recordIs = 0;
  let record: unknown;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        record = readNested(r, readSnapshotHeader);
        recordIs = 1;
        break;
      case 18:
        record = readNested(r, readSnapshotNode);
        recordIs = 2;
        break;
      case 26:
        record = readNested(r, readSnapshotSession);
        recordIs = 3;
        break;
      case 34:
        record = readNested(r, readPosition);
        recordIs = 4;
        break;
      case 42:
        record = readNested(r, readChange);
        recordIs = 5;
        break;
      case 50:
        record = readNested(r, readTransaction);
        recordIs = 6;
        break;
      case 58:
        record = readNested(r, readSnapshotQuota);
        recordIs = 7;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    header: recordIs === 1 ? (record as ISnapshotHeader) : undefined,
    node: recordIs === 2 ? (record as ISnapshotNode) : undefined,
    session: recordIs === 3 ? (record as ISnapshotSession) : undefined,
    cursor: recordIs === 4 ? (record as IPosition) : undefined,
    tombstone: recordIs === 5 ? (record as IChange) : undefined,
    transaction: recordIs === 6 ? (record as ITransaction) : undefined,
    quota: recordIs === 7 ? (record as ISnapshotQuota) : undefined,
  };
}

/** State that belongs to no node. */
export interface ISnapshotHeader {
  /** Last index applied. */
  readonly index: number;
  /** As founded; absent before. */
  readonly bootstrap: IBootstrap | undefined;
  /** Hybrid logical clock: milliseconds. */
  readonly clockMs: number;
  /** Hybrid logical clock: counter. */
  readonly clockCounter: number;
  /** Positions at or below this index cannot be resumed from. */
  readonly historyFloor: number;
  /** The cluster's incarnation. */
  readonly incarnation: number;
}
/** Codec of SnapshotHeader. */
export const SnapshotHeader: Codec<ISnapshotHeader> = codec(
  "SnapshotHeader",
  writeSnapshotHeader,
  readSnapshotHeader,
);

export function writeSnapshotHeader(m: Encodable<ISnapshotHeader>, w: Writer): void {
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(8), m.index);
  }
  if (m.bootstrap !== undefined) {
    w.uint32(18).fork();
    writeBootstrap(m.bootstrap, w);
    w.ldelim();
  }
  if (m.clockMs !== undefined && m.clockMs !== 0) {
    writeUint64(w.uint32(24), m.clockMs);
  }
  if (m.clockCounter !== undefined && m.clockCounter !== 0) {
    writeUint32(w.uint32(32), m.clockCounter);
  }
  if (m.historyFloor !== undefined && m.historyFloor !== 0) {
    writeUint64(w.uint32(40), m.historyFloor);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(48), m.incarnation);
  }
}

export function readSnapshotHeader(r: Reader): ISnapshotHeader {
  let indexValue = 0;
  let bootstrapValue: IBootstrap | undefined;
  let clockMsValue = 0;
  let clockCounterValue = 0;
  let historyFloorValue = 0;
  let incarnationValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        indexValue = readUint64(r);
        break;
      case 18:
        bootstrapValue = readNested(r, readBootstrap);
        break;
      case 24:
        clockMsValue = readUint64(r);
        break;
      case 32:
        clockCounterValue = r.uint32();
        break;
      case 40:
        historyFloorValue = readUint64(r);
        break;
      case 48:
        incarnationValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    index: indexValue,
    bootstrap: bootstrapValue,
    clockMs: clockMsValue,
    clockCounter: clockCounterValue,
    historyFloor: historyFloorValue,
    incarnation: incarnationValue,
  };
}

/** A node with everything that belongs to it. */
export interface ISnapshotNode {
  /** As a change that creates it. */
  readonly change: IChange | undefined;
  /** Next number for sequential children. */
  readonly nextSequence: number;
  /** Cluster that owns it. */
  readonly origin: string;
}
/** Codec of SnapshotNode. */
export const SnapshotNode: Codec<ISnapshotNode> = codec(
  "SnapshotNode",
  writeSnapshotNode,
  readSnapshotNode,
);

export function writeSnapshotNode(m: Encodable<ISnapshotNode>, w: Writer): void {
  if (m.change !== undefined) {
    w.uint32(10).fork();
    writeChange(m.change, w);
    w.ldelim();
  }
  if (m.nextSequence !== undefined && m.nextSequence !== 0) {
    writeUint64(w.uint32(16), m.nextSequence);
  }
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(26).string(m.origin);
  }
}

export function readSnapshotNode(r: Reader): ISnapshotNode {
  let changeValue: IChange | undefined;
  let nextSequenceValue = 0;
  let originValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        changeValue = readNested(r, readChange);
        break;
      case 16:
        nextSequenceValue = readUint64(r);
        break;
      case 26:
        originValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { change: changeValue, nextSequence: nextSequenceValue, origin: originValue };
}

/** A quota, and how far the nodes that were there before it are counted. */
export interface ISnapshotQuota {
  /** Of all at or below it. */
  readonly path: string;
  /** Nodes; 0: any number. */
  readonly nodesMax: number;
  /** Bytes of data and of paths; 0: any number. */
  readonly bytesMax: number;
  /** Not all are counted. */
  readonly counting: boolean;
  /** While counting: paths up to this one, in tree order, are counted; empty: none. */
  readonly countedTo: string;
}
/** Codec of SnapshotQuota. */
export const SnapshotQuota: Codec<ISnapshotQuota> = codec(
  "SnapshotQuota",
  writeSnapshotQuota,
  readSnapshotQuota,
);

export function writeSnapshotQuota(m: Encodable<ISnapshotQuota>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.nodesMax !== undefined && m.nodesMax !== 0) {
    writeUint64(w.uint32(16), m.nodesMax);
  }
  if (m.bytesMax !== undefined && m.bytesMax !== 0) {
    writeUint64(w.uint32(24), m.bytesMax);
  }
  if (m.counting !== undefined && m.counting !== false) {
    w.uint32(32).bool(m.counting);
  }
  if (m.countedTo !== undefined && m.countedTo !== "") {
    w.uint32(42).string(m.countedTo);
  }
}

export function readSnapshotQuota(r: Reader): ISnapshotQuota {
  let pathValue = "";
  let nodesMaxValue = 0;
  let bytesMaxValue = 0;
  let countingValue = false;
  let countedToValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        pathValue = readString(r);
        break;
      case 16:
        nodesMaxValue = readUint64(r);
        break;
      case 24:
        bytesMaxValue = readUint64(r);
        break;
      case 32:
        countingValue = r.uint32() !== 0;
        break;
      case 42:
        countedToValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    path: pathValue,
    nodesMax: nodesMaxValue,
    bytesMax: bytesMaxValue,
    counting: countingValue,
    countedTo: countedToValue,
  };
}

/** A session with what it may still ask for again. */
export interface ISnapshotSession {
  /** Its id. */
  readonly session: number;
  /** Its secret. */
  readonly secret: Uint8Array;
  /** Timeout, as granted. */
  readonly timeoutMs: number;
  /** Highest sequence number applied. */
  readonly appliedSequence: number;
  /** Answers that the client may still ask for. */
  readonly answers: readonly ISnapshotAnswer[];
  /** It has ended, and some of its ephemeral nodes are left; nothing else is known of it. */
  readonly ended: boolean;
  /** Highest attachment that it has had. */
  readonly attachment: number;
}
/** Codec of SnapshotSession. */
export const SnapshotSession: Codec<ISnapshotSession> = codec(
  "SnapshotSession",
  writeSnapshotSession,
  readSnapshotSession,
);

export function writeSnapshotSession(m: Encodable<ISnapshotSession>, w: Writer): void {
  if (m.session !== undefined && m.session !== 0) {
    writeUint64(w.uint32(8), m.session);
  }
  if (m.secret !== undefined && m.secret.length > 0) {
    w.uint32(18).bytes(m.secret);
  }
  if (m.timeoutMs !== undefined && m.timeoutMs !== 0) {
    writeUint32(w.uint32(24), m.timeoutMs);
  }
  if (m.appliedSequence !== undefined && m.appliedSequence !== 0) {
    writeUint64(w.uint32(32), m.appliedSequence);
  }
  if (m.answers !== undefined)
    for (const item of m.answers) {
      w.uint32(42).fork();
      writeSnapshotAnswer(item, w);
      w.ldelim();
    }
  if (m.ended !== undefined && m.ended !== false) {
    w.uint32(48).bool(m.ended);
  }
  if (m.attachment !== undefined && m.attachment !== 0) {
    writeUint64(w.uint32(56), m.attachment);
  }
}

export function readSnapshotSession(r: Reader): ISnapshotSession {
  let sessionValue = 0;
  let secretValue: Uint8Array = EMPTY;
  let timeoutMsValue = 0;
  let appliedSequenceValue = 0;
  const answersValue: ISnapshotAnswer[] = [];
  let endedValue = false;
  let attachmentValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionValue = readUint64(r);
        break;
      case 18:
        secretValue = r.bytes();
        break;
      case 24:
        timeoutMsValue = r.uint32();
        break;
      case 32:
        appliedSequenceValue = readUint64(r);
        break;
      case 42:
        answersValue.push(readNested(r, readSnapshotAnswer));
        break;
      case 48:
        endedValue = r.uint32() !== 0;
        break;
      case 56:
        attachmentValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    session: sessionValue,
    secret: secretValue,
    timeoutMs: timeoutMsValue,
    appliedSequence: appliedSequenceValue,
    answers: answersValue,
    ended: endedValue,
    attachment: attachmentValue,
  };
}

/** A remembered answer. */
export interface ISnapshotAnswer {
  /** Sequence number of the write. */
  readonly sequence: number;
  /** Log index of the write. */
  readonly index: number;
  /** The answer. */
  readonly response: IResponse | undefined;
}
/** Codec of SnapshotAnswer. */
export const SnapshotAnswer: Codec<ISnapshotAnswer> = codec(
  "SnapshotAnswer",
  writeSnapshotAnswer,
  readSnapshotAnswer,
);

export function writeSnapshotAnswer(m: Encodable<ISnapshotAnswer>, w: Writer): void {
  if (m.sequence !== undefined && m.sequence !== 0) {
    writeUint64(w.uint32(8), m.sequence);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(16), m.index);
  }
  if (m.response !== undefined) {
    w.uint32(26).fork();
    writeResponse(m.response, w);
    w.ldelim();
  }
}

export function readSnapshotAnswer(r: Reader): ISnapshotAnswer {
  let sequenceValue = 0;
  let indexValue = 0;
  let responseValue: IResponse | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sequenceValue = readUint64(r);
        break;
      case 16:
        indexValue = readUint64(r);
        break;
      case 26:
        responseValue = readNested(r, readResponse);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { sequence: sequenceValue, index: indexValue, response: responseValue };
}
