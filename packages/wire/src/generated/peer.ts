/* oxlint-disable */
// Generated from protos/meridian/v1/peer.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { EMPTY, codec, readNested, readString } from "../codec.ts";
import type { Codec, Encodable, Method } from "../codec.ts";
import {
  readPackedUint64,
  readUint64,
  writePackedUint64,
  writeUint32,
  writeUint64,
} from "../integers.ts";
import { readLogEntry, type ILogEntry, writeLogEntry } from "./log.ts";
import { readOriginAge, type IOriginAge, writeOriginAge } from "./changes.ts";

/** Type of a Raft message. */
export const RaftMessageType = {
  /** Never sent. */
  UNSPECIFIED: 0,
  /** Leader to follower: entries. */
  APPEND: 1,
  /** Answer to it. */
  APPEND_ANSWER: 2,
  /** Leader to follower: I lead, and this much is committed. */
  HEARTBEAT: 3,
  /** Answer to it. */
  HEARTBEAT_ANSWER: 4,
  /** Would you vote for me? */
  PRE_VOTE: 5,
  /** Answer to it. */
  PRE_VOTE_ANSWER: 6,
  /** Vote for me. */
  VOTE: 7,
  /** Answer to it. */
  VOTE_ANSWER: 8,
  /** Follower to leader: what is the commit index, surely? */
  READ_INDEX: 9,
  /** Answer to it. */
  READ_INDEX_ANSWER: 10,
  /** Leader to its successor: campaign at once. */
  TIMEOUT_NOW: 11,
  /** Leader to follower: a snapshot is on its way on another stream. */
  SNAPSHOT: 12,
  /** Follower to leader: I lost my log; what must I have before I may vote? */
  RECOVER: 13,
  /** Answer to it. */
  RECOVER_ANSWER: 14,
} as const;
/** A value of RaftMessageType. Decoded fields may hold others, of newer senders. */
export type RaftMessageType = (typeof RaftMessageType)[keyof typeof RaftMessageType];

/** Outcome of an introduction. */
export const MeetOutcome = {
  /** Never sent. */
  UNSPECIFIED: 0,
  /** This birth is the first of that name here, and durably written down. */
  WELCOME: 1,
  /** Another birth of that name is known: a member that has lost its data must not come back as it was. */
  OTHER_BIRTH: 2,
  /** The asking member is of an incarnation that was abandoned. */
  SUPERSEDED: 3,
} as const;
/** A value of MeetOutcome. Decoded fields may hold others, of newer senders. */
export type MeetOutcome = (typeof MeetOutcome)[keyof typeof MeetOutcome];

/** What one member sends to another in one turn of its loop. */
export interface IPeerFrame {
  /** First frame of the stream only. */
  readonly hello: IPeerHello | undefined;
  /** Raft messages, in order. */
  readonly messages: readonly IRaftMessage[];
  /** Commands of clients that are connected to a member that does not lead. */
  readonly forwards: readonly IForward[];
  /** What the leader took or refused of them. */
  readonly forwardAnswers: readonly IForwardAnswer[];
  /** Sessions heard of since the last report, and a question for the age of the mirrors. */
  readonly liveness: ILivenessReport | undefined;
  /** Answer to it. */
  readonly livenessAnswer: ILivenessAnswer | undefined;
}
/** Codec of PeerFrame. */
export const PeerFrame: Codec<IPeerFrame> = codec("PeerFrame", writePeerFrame, readPeerFrame);

export function writePeerFrame(m: Encodable<IPeerFrame>, w: Writer): void {
  if (m.hello !== undefined) {
    w.uint32(10).fork();
    writePeerHello(m.hello, w);
    w.ldelim();
  }
  if (m.messages !== undefined)
    for (const item of m.messages) {
      w.uint32(18).fork();
      writeRaftMessage(item, w);
      w.ldelim();
    }
  if (m.forwards !== undefined)
    for (const item of m.forwards) {
      w.uint32(26).fork();
      writeForward(item, w);
      w.ldelim();
    }
  if (m.forwardAnswers !== undefined)
    for (const item of m.forwardAnswers) {
      w.uint32(34).fork();
      writeForwardAnswer(item, w);
      w.ldelim();
    }
  if (m.liveness !== undefined) {
    w.uint32(42).fork();
    writeLivenessReport(m.liveness, w);
    w.ldelim();
  }
  if (m.livenessAnswer !== undefined) {
    w.uint32(50).fork();
    writeLivenessAnswer(m.livenessAnswer, w);
    w.ldelim();
  }
}

export function readPeerFrame(r: Reader): IPeerFrame {
  let helloValue: IPeerHello | undefined;
  const messagesValue: IRaftMessage[] = [];
  const forwardsValue: IForward[] = [];
  const forwardAnswersValue: IForwardAnswer[] = [];
  let livenessValue: ILivenessReport | undefined;
  let livenessAnswerValue: ILivenessAnswer | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        helloValue = readNested(r, readPeerHello);
        break;
      case 18:
        messagesValue.push(readNested(r, readRaftMessage));
        break;
      case 26:
        forwardsValue.push(readNested(r, readForward));
        break;
      case 34:
        forwardAnswersValue.push(readNested(r, readForwardAnswer));
        break;
      case 42:
        livenessValue = readNested(r, readLivenessReport);
        break;
      case 50:
        livenessAnswerValue = readNested(r, readLivenessAnswer);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    hello: helloValue,
    messages: messagesValue,
    forwards: forwardsValue,
    forwardAnswers: forwardAnswersValue,
    liveness: livenessValue,
    livenessAnswer: livenessAnswerValue,
  };
}

/** Who speaks; a stranger is refused. */
export interface IPeerHello {
  /** Name of the cluster. */
  readonly cluster: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /** The sending node. */
  readonly from: string;
  /** The node that is meant. */
  readonly to: string;
  /** host:port where the sender is reached, for a new member that nobody has told; may be empty. */
  readonly address: string;
  /** Birth under which the sender knows the node that is meant; empty when they have not met. Whose own is another has lost its data. */
  readonly birth: string;
  /** The sender hands on what `hand_to` asks for. */
  readonly handsOn: boolean;
  /** The sender reads `packed_entries`. */
  readonly unpacks: boolean;
}
/** Codec of PeerHello. */
export const PeerHello: Codec<IPeerHello> = codec("PeerHello", writePeerHello, readPeerHello);

export function writePeerHello(m: Encodable<IPeerHello>, w: Writer): void {
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(10).string(m.cluster);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(16), m.incarnation);
  }
  if (m.from !== undefined && m.from !== "") {
    w.uint32(26).string(m.from);
  }
  if (m.to !== undefined && m.to !== "") {
    w.uint32(34).string(m.to);
  }
  if (m.address !== undefined && m.address !== "") {
    w.uint32(42).string(m.address);
  }
  if (m.birth !== undefined && m.birth !== "") {
    w.uint32(50).string(m.birth);
  }
  if (m.handsOn !== undefined && m.handsOn !== false) {
    w.uint32(56).bool(m.handsOn);
  }
  if (m.unpacks !== undefined && m.unpacks !== false) {
    w.uint32(64).bool(m.unpacks);
  }
}

export function readPeerHello(r: Reader): IPeerHello {
  let clusterValue = "";
  let incarnationValue = 0;
  let fromValue = "";
  let toValue = "";
  let addressValue = "";
  let birthValue = "";
  let handsOnValue = false;
  let unpacksValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        clusterValue = readString(r);
        break;
      case 16:
        incarnationValue = readUint64(r);
        break;
      case 26:
        fromValue = readString(r);
        break;
      case 34:
        toValue = readString(r);
        break;
      case 42:
        addressValue = readString(r);
        break;
      case 50:
        birthValue = readString(r);
        break;
      case 56:
        handsOnValue = r.uint32() !== 0;
        break;
      case 64:
        unpacksValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    cluster: clusterValue,
    incarnation: incarnationValue,
    from: fromValue,
    to: toValue,
    address: addressValue,
    birth: birthValue,
    handsOn: handsOnValue,
    unpacks: unpacksValue,
  };
}

/** End of a peer stream. */
export type IPeerGoodbye = Readonly<Record<never, never>>;
/** Codec of PeerGoodbye. */
export const PeerGoodbye: Codec<IPeerGoodbye> = codec(
  "PeerGoodbye",
  writePeerGoodbye,
  readPeerGoodbye,
);

export function writePeerGoodbye(_m: Encodable<IPeerGoodbye>, _w: Writer): void {}

export function readPeerGoodbye(r: Reader): IPeerGoodbye {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** A Raft message; which fields count depends on the type. */
export interface IRaftMessage {
  /** Its type. */
  readonly type: number;
  /** The sending node. */
  readonly from: string;
  /** The node that is meant. */
  readonly to: string;
  /** Term of the sender. */
  readonly term: number;
  /** Append: index of the entry before the first. Votes: last index. Answers: match or read index. */
  readonly index: number;
  /** Append: term of the entry before the first. Votes: last term. Refused append: term of the hint. */
  readonly logTerm: number;
  /** Append: entries, consecutive from `index` + 1. */
  readonly entries: readonly ILogEntry[];
  /** Commit index of the leader. */
  readonly commit: number;
  /** Refused. */
  readonly reject: boolean;
  /** Refused append: where to try next. */
  readonly hint: number;
  /** Read index and heartbeats: correlates rounds. */
  readonly context: number;
  /** Votes: campaign because of a transfer, so that the lease does not count. */
  readonly transfer: boolean;
  /** Snapshot: its configuration, encoded. */
  readonly configuration: Uint8Array;
  /** Recovery: names the life of the follower that asked. */
  readonly nonce: number;
  /** Heartbeats and their answers: when they were sent, by the leader's monotonic clock. */
  readonly sentMs: number;
  /** Append from another region: the receiver hands it on, as it is, to these members of its own region. `to` may be another one. */
  readonly handTo: readonly string[];
  /** Append, in place of `entries`: an encoded PackedEntries, deflated. */
  readonly packedEntries: Uint8Array;
  /** Append without entries: tells the commit index alone, and needs no answer unless it is refused. */
  readonly quiet: boolean;
}
/** Codec of RaftMessage. */
export const RaftMessage: Codec<IRaftMessage> = codec(
  "RaftMessage",
  writeRaftMessage,
  readRaftMessage,
);

export function writeRaftMessage(m: Encodable<IRaftMessage>, w: Writer): void {
  if (m.type !== undefined && m.type !== 0) {
    writeUint32(w.uint32(8), m.type);
  }
  if (m.from !== undefined && m.from !== "") {
    w.uint32(18).string(m.from);
  }
  if (m.to !== undefined && m.to !== "") {
    w.uint32(26).string(m.to);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(32), m.term);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(40), m.index);
  }
  if (m.logTerm !== undefined && m.logTerm !== 0) {
    writeUint64(w.uint32(48), m.logTerm);
  }
  if (m.entries !== undefined)
    for (const item of m.entries) {
      w.uint32(58).fork();
      writeLogEntry(item, w);
      w.ldelim();
    }
  if (m.commit !== undefined && m.commit !== 0) {
    writeUint64(w.uint32(64), m.commit);
  }
  if (m.reject !== undefined && m.reject !== false) {
    w.uint32(72).bool(m.reject);
  }
  if (m.hint !== undefined && m.hint !== 0) {
    writeUint64(w.uint32(80), m.hint);
  }
  if (m.context !== undefined && m.context !== 0) {
    writeUint64(w.uint32(88), m.context);
  }
  if (m.transfer !== undefined && m.transfer !== false) {
    w.uint32(96).bool(m.transfer);
  }
  if (m.configuration !== undefined && m.configuration.length > 0) {
    w.uint32(106).bytes(m.configuration);
  }
  if (m.nonce !== undefined && m.nonce !== 0) {
    writeUint64(w.uint32(112), m.nonce);
  }
  if (m.sentMs !== undefined && m.sentMs !== 0) {
    writeUint64(w.uint32(120), m.sentMs);
  }
  if (m.handTo !== undefined)
    for (const item of m.handTo) {
      w.uint32(130).string(item);
    }
  if (m.packedEntries !== undefined && m.packedEntries.length > 0) {
    w.uint32(138).bytes(m.packedEntries);
  }
  if (m.quiet !== undefined && m.quiet !== false) {
    w.uint32(144).bool(m.quiet);
  }
}

export function readRaftMessage(r: Reader): IRaftMessage {
  let typeValue = 0;
  let fromValue = "";
  let toValue = "";
  let termValue = 0;
  let indexValue = 0;
  let logTermValue = 0;
  const entriesValue: ILogEntry[] = [];
  let commitValue = 0;
  let rejectValue = false;
  let hintValue = 0;
  let contextValue = 0;
  let transferValue = false;
  let configurationValue: Uint8Array = EMPTY;
  let nonceValue = 0;
  let sentMsValue = 0;
  const handToValue: string[] = [];
  let packedEntriesValue: Uint8Array = EMPTY;
  let quietValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        typeValue = r.uint32();
        break;
      case 18:
        fromValue = readString(r);
        break;
      case 26:
        toValue = readString(r);
        break;
      case 32:
        termValue = readUint64(r);
        break;
      case 40:
        indexValue = readUint64(r);
        break;
      case 48:
        logTermValue = readUint64(r);
        break;
      case 58:
        entriesValue.push(readNested(r, readLogEntry));
        break;
      case 64:
        commitValue = readUint64(r);
        break;
      case 72:
        rejectValue = r.uint32() !== 0;
        break;
      case 80:
        hintValue = readUint64(r);
        break;
      case 88:
        contextValue = readUint64(r);
        break;
      case 96:
        transferValue = r.uint32() !== 0;
        break;
      case 106:
        configurationValue = r.bytes();
        break;
      case 112:
        nonceValue = readUint64(r);
        break;
      case 120:
        sentMsValue = readUint64(r);
        break;
      case 130:
        handToValue.push(readString(r));
        break;
      case 138:
        packedEntriesValue = r.bytes();
        break;
      case 144:
        quietValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    type: typeValue,
    from: fromValue,
    to: toValue,
    term: termValue,
    index: indexValue,
    logTerm: logTermValue,
    entries: entriesValue,
    commit: commitValue,
    reject: rejectValue,
    hint: hintValue,
    context: contextValue,
    transfer: transferValue,
    configuration: configurationValue,
    nonce: nonceValue,
    sentMs: sentMsValue,
    handTo: handToValue,
    packedEntries: packedEntriesValue,
    quiet: quietValue,
  };
}

/** Entries of one append, as they are before they are deflated. */
export interface IPackedEntries {
  /** The entries. */
  readonly entries: readonly ILogEntry[];
}
/** Codec of PackedEntries. */
export const PackedEntries: Codec<IPackedEntries> = codec(
  "PackedEntries",
  writePackedEntries,
  readPackedEntries,
);

export function writePackedEntries(m: Encodable<IPackedEntries>, w: Writer): void {
  if (m.entries !== undefined)
    for (const item of m.entries) {
      w.uint32(10).fork();
      writeLogEntry(item, w);
      w.ldelim();
    }
}

export function readPackedEntries(r: Reader): IPackedEntries {
  const entriesValue: ILogEntry[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        entriesValue.push(readNested(r, readLogEntry));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { entries: entriesValue };
}

/** Commands that a member passes to the leader, in the order of their arrival. */
export interface IForward {
  /** Begun anew whenever the sender sees another leader or term. */
  readonly epoch: number;
  /** Number within the epoch, from 1, by one; the leader takes them in this order or not at all. */
  readonly number: number;
  /** Encoded commands. */
  readonly commands: readonly Uint8Array[];
}
/** Codec of Forward. */
export const Forward: Codec<IForward> = codec("Forward", writeForward, readForward);

export function writeForward(m: Encodable<IForward>, w: Writer): void {
  if (m.epoch !== undefined && m.epoch !== 0) {
    writeUint64(w.uint32(8), m.epoch);
  }
  if (m.number !== undefined && m.number !== 0) {
    writeUint64(w.uint32(16), m.number);
  }
  if (m.commands !== undefined)
    for (const item of m.commands) {
      w.uint32(26).bytes(item);
    }
}

export function readForward(r: Reader): IForward {
  let epochValue = 0;
  let numberValue = 0;
  const commandsValue: Uint8Array[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        epochValue = readUint64(r);
        break;
      case 16:
        numberValue = readUint64(r);
        break;
      case 26:
        commandsValue.push(r.bytes());
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { epoch: epochValue, number: numberValue, commands: commandsValue };
}

/** Leader to forwarder. */
export interface IForwardAnswer {
  /** The forward's epoch. */
  readonly epoch: number;
  /** The forward's number. */
  readonly number: number;
  /** Taken into the log; otherwise refused: send again from here. */
  readonly accepted: boolean;
  /** Refused because too much is uncommitted: wait before sending again. */
  readonly overloaded: boolean;
}
/** Codec of ForwardAnswer. */
export const ForwardAnswer: Codec<IForwardAnswer> = codec(
  "ForwardAnswer",
  writeForwardAnswer,
  readForwardAnswer,
);

export function writeForwardAnswer(m: Encodable<IForwardAnswer>, w: Writer): void {
  if (m.epoch !== undefined && m.epoch !== 0) {
    writeUint64(w.uint32(8), m.epoch);
  }
  if (m.number !== undefined && m.number !== 0) {
    writeUint64(w.uint32(16), m.number);
  }
  if (m.accepted !== undefined && m.accepted !== false) {
    w.uint32(24).bool(m.accepted);
  }
  if (m.overloaded !== undefined && m.overloaded !== false) {
    w.uint32(32).bool(m.overloaded);
  }
}

export function readForwardAnswer(r: Reader): IForwardAnswer {
  let epochValue = 0;
  let numberValue = 0;
  let acceptedValue = false;
  let overloadedValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        epochValue = readUint64(r);
        break;
      case 16:
        numberValue = readUint64(r);
        break;
      case 24:
        acceptedValue = r.uint32() !== 0;
        break;
      case 32:
        overloadedValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    epoch: epochValue,
    number: numberValue,
    accepted: acceptedValue,
    overloaded: overloadedValue,
  };
}

/** Follower to leader, several times a second. */
export interface ILivenessReport {
  /** Sessions that were heard since the last report. */
  readonly sessions: readonly number[];
  /** Sender's monotonic clock in milliseconds; echoed. */
  readonly sentAtMs: number;
  /** Highest index applied by the sender. */
  readonly applied: number;
}
/** Codec of LivenessReport. */
export const LivenessReport: Codec<ILivenessReport> = codec(
  "LivenessReport",
  writeLivenessReport,
  readLivenessReport,
);

export function writeLivenessReport(m: Encodable<ILivenessReport>, w: Writer): void {
  if (m.sessions !== undefined && m.sessions.length > 0) {
    w.uint32(10);
    writePackedUint64(w, m.sessions);
  }
  if (m.sentAtMs !== undefined && m.sentAtMs !== 0) {
    writeUint64(w.uint32(16), m.sentAtMs);
  }
  if (m.applied !== undefined && m.applied !== 0) {
    writeUint64(w.uint32(24), m.applied);
  }
}

export function readLivenessReport(r: Reader): ILivenessReport {
  const sessionsValue: number[] = [];
  let sentAtMsValue = 0;
  let appliedValue = 0;
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
        sentAtMsValue = readUint64(r);
        break;
      case 24:
        appliedValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { sessions: sessionsValue, sentAtMs: sentAtMsValue, applied: appliedValue };
}

/** Leader to follower. */
export interface ILivenessAnswer {
  /** Echo of `sent_at_ms`. */
  readonly sentAtMs: number;
  /** How old the mirrors were when this was sent. */
  readonly ages: readonly IOriginAge[];
  /** Partition state of the region, as the leader sees it. */
  readonly partitionState: number;
  /** A majority of every group that keeps a tree has everything up to here durable: witnesses may forget it. */
  readonly safeIndex: number;
}
/** Codec of LivenessAnswer. */
export const LivenessAnswer: Codec<ILivenessAnswer> = codec(
  "LivenessAnswer",
  writeLivenessAnswer,
  readLivenessAnswer,
);

export function writeLivenessAnswer(m: Encodable<ILivenessAnswer>, w: Writer): void {
  if (m.sentAtMs !== undefined && m.sentAtMs !== 0) {
    writeUint64(w.uint32(8), m.sentAtMs);
  }
  if (m.ages !== undefined)
    for (const item of m.ages) {
      w.uint32(18).fork();
      writeOriginAge(item, w);
      w.ldelim();
    }
  if (m.partitionState !== undefined && m.partitionState !== 0) {
    writeUint32(w.uint32(24), m.partitionState);
  }
  if (m.safeIndex !== undefined && m.safeIndex !== 0) {
    writeUint64(w.uint32(32), m.safeIndex);
  }
}

export function readLivenessAnswer(r: Reader): ILivenessAnswer {
  let sentAtMsValue = 0;
  const agesValue: IOriginAge[] = [];
  let partitionStateValue = 0;
  let safeIndexValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sentAtMsValue = readUint64(r);
        break;
      case 18:
        agesValue.push(readNested(r, readOriginAge));
        break;
      case 24:
        partitionStateValue = r.uint32();
        break;
      case 32:
        safeIndexValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    sentAtMs: sentAtMsValue,
    ages: agesValue,
    partitionState: partitionStateValue,
    safeIndex: safeIndexValue,
  };
}

/** One piece of a snapshot. */
export interface ISnapshotChunk {
  /** First chunk only: who speaks. */
  readonly hello: IPeerHello | undefined;
  /** First chunk only: term of the leader. */
  readonly leaderTerm: number;
  /** First chunk only: last index that the snapshot includes. */
  readonly index: number;
  /** First chunk only: term of that index. */
  readonly term: number;
  /** First chunk only: configuration at that index, encoded. */
  readonly configuration: Uint8Array;
  /** Encoded records, whole. */
  readonly records: readonly Uint8Array[];
  /** Last chunk only: digest of all records in order. */
  readonly digest: Uint8Array;
  /** Last chunk. */
  readonly last: boolean;
}
/** Codec of SnapshotChunk. */
export const SnapshotChunk: Codec<ISnapshotChunk> = codec(
  "SnapshotChunk",
  writeSnapshotChunk,
  readSnapshotChunk,
);

export function writeSnapshotChunk(m: Encodable<ISnapshotChunk>, w: Writer): void {
  if (m.hello !== undefined) {
    w.uint32(10).fork();
    writePeerHello(m.hello, w);
    w.ldelim();
  }
  if (m.leaderTerm !== undefined && m.leaderTerm !== 0) {
    writeUint64(w.uint32(16), m.leaderTerm);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(24), m.index);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(32), m.term);
  }
  if (m.configuration !== undefined && m.configuration.length > 0) {
    w.uint32(42).bytes(m.configuration);
  }
  if (m.records !== undefined)
    for (const item of m.records) {
      w.uint32(50).bytes(item);
    }
  if (m.digest !== undefined && m.digest.length > 0) {
    w.uint32(58).bytes(m.digest);
  }
  if (m.last !== undefined && m.last !== false) {
    w.uint32(64).bool(m.last);
  }
}

export function readSnapshotChunk(r: Reader): ISnapshotChunk {
  let helloValue: IPeerHello | undefined;
  let leaderTermValue = 0;
  let indexValue = 0;
  let termValue = 0;
  let configurationValue: Uint8Array = EMPTY;
  const recordsValue: Uint8Array[] = [];
  let digestValue: Uint8Array = EMPTY;
  let lastValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        helloValue = readNested(r, readPeerHello);
        break;
      case 16:
        leaderTermValue = readUint64(r);
        break;
      case 24:
        indexValue = readUint64(r);
        break;
      case 32:
        termValue = readUint64(r);
        break;
      case 42:
        configurationValue = r.bytes();
        break;
      case 50:
        recordsValue.push(r.bytes());
        break;
      case 58:
        digestValue = r.bytes();
        break;
      case 64:
        lastValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    hello: helloValue,
    leaderTerm: leaderTermValue,
    index: indexValue,
    term: termValue,
    configuration: configurationValue,
    records: recordsValue,
    digest: digestValue,
    last: lastValue,
  };
}

/** The snapshot is durable and will be used, or why not. */
export interface ISnapshotInstalled {
  /** False: ask again. */
  readonly installed: boolean;
  /** Why not. */
  readonly reason: string;
}
/** Codec of SnapshotInstalled. */
export const SnapshotInstalled: Codec<ISnapshotInstalled> = codec(
  "SnapshotInstalled",
  writeSnapshotInstalled,
  readSnapshotInstalled,
);

export function writeSnapshotInstalled(m: Encodable<ISnapshotInstalled>, w: Writer): void {
  if (m.installed !== undefined && m.installed !== false) {
    w.uint32(8).bool(m.installed);
  }
  if (m.reason !== undefined && m.reason !== "") {
    w.uint32(18).string(m.reason);
  }
}

export function readSnapshotInstalled(r: Reader): ISnapshotInstalled {
  let installedValue = false;
  let reasonValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        installedValue = r.uint32() !== 0;
        break;
      case 18:
        reasonValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { installed: installedValue, reason: reasonValue };
}

/** A new member introduces itself. */
export interface IMeetRequest {
  /** Who speaks. */
  readonly hello: IPeerHello | undefined;
  /** Made at random with the data of the member that speaks. */
  readonly birth: string;
}
/** Codec of MeetRequest. */
export const MeetRequest: Codec<IMeetRequest> = codec(
  "MeetRequest",
  writeMeetRequest,
  readMeetRequest,
);

export function writeMeetRequest(m: Encodable<IMeetRequest>, w: Writer): void {
  if (m.hello !== undefined) {
    w.uint32(10).fork();
    writePeerHello(m.hello, w);
    w.ldelim();
  }
  if (m.birth !== undefined && m.birth !== "") {
    w.uint32(18).string(m.birth);
  }
}

export function readMeetRequest(r: Reader): IMeetRequest {
  let helloValue: IPeerHello | undefined;
  let birthValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        helloValue = readNested(r, readPeerHello);
        break;
      case 18:
        birthValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { hello: helloValue, birth: birthValue };
}

/** What a member knows of one that introduces itself. */
export interface IMeetResponse {
  /** The outcome. */
  readonly outcome: number;
  /** Superseded: the incarnation that counts. */
  readonly incarnation: number;
  /** Superseded: the configuration that counts, encoded. Empty until it is certain to stay: then ask again. */
  readonly configuration: Uint8Array;
  /** Welcome, of a member that is admitted itself: its own birth, for the asking member to write down. */
  readonly birth: string;
}
/** Codec of MeetResponse. */
export const MeetResponse: Codec<IMeetResponse> = codec(
  "MeetResponse",
  writeMeetResponse,
  readMeetResponse,
);

export function writeMeetResponse(m: Encodable<IMeetResponse>, w: Writer): void {
  if (m.outcome !== undefined && m.outcome !== 0) {
    writeUint32(w.uint32(8), m.outcome);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(16), m.incarnation);
  }
  if (m.configuration !== undefined && m.configuration.length > 0) {
    w.uint32(26).bytes(m.configuration);
  }
  if (m.birth !== undefined && m.birth !== "") {
    w.uint32(34).string(m.birth);
  }
}

export function readMeetResponse(r: Reader): IMeetResponse {
  let outcomeValue = 0;
  let incarnationValue = 0;
  let configurationValue: Uint8Array = EMPTY;
  let birthValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        outcomeValue = r.uint32();
        break;
      case 16:
        incarnationValue = readUint64(r);
        break;
      case 26:
        configurationValue = r.bytes();
        break;
      case 34:
        birthValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    outcome: outcomeValue,
    incarnation: incarnationValue,
    configuration: configurationValue,
    birth: birthValue,
  };
}

/** A place in a log. */
export interface ILogPoint {
  /** Index of an entry. */
  readonly index: number;
  /** Its term. */
  readonly term: number;
}
/** Codec of LogPoint. */
export const LogPoint: Codec<ILogPoint> = codec("LogPoint", writeLogPoint, readLogPoint);

export function writeLogPoint(m: Encodable<ILogPoint>, w: Writer): void {
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(8), m.index);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(16), m.term);
  }
}

export function readLogPoint(r: Reader): ILogPoint {
  let indexValue = 0;
  let termValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        indexValue = readUint64(r);
        break;
      case 16:
        termValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { index: indexValue, term: termValue };
}

/** Asks a voter whether it could begin the next incarnation, or to do so. */
export interface IRefoundRequest {
  /** Who asks; the incarnation is the one to be left. */
  readonly hello: IPeerHello | undefined;
  /** False: only whether it could. */
  readonly begin: boolean;
  /** Begin: term that the next incarnation starts with; beyond all that were ever used. */
  readonly term: number;
  /** Begin: the configuration to put in force, encoded. */
  readonly configuration: Uint8Array;
  /** Begin: the logs of all who take part reach this far at least; whose snapshot goes further cannot. */
  readonly floor: ILogPoint | undefined;
  /** Begin: no snapshot of those who take part goes further; whose log is shorter cannot. */
  readonly ceiling: ILogPoint | undefined;
}
/** Codec of RefoundRequest. */
export const RefoundRequest: Codec<IRefoundRequest> = codec(
  "RefoundRequest",
  writeRefoundRequest,
  readRefoundRequest,
);

export function writeRefoundRequest(m: Encodable<IRefoundRequest>, w: Writer): void {
  if (m.hello !== undefined) {
    w.uint32(10).fork();
    writePeerHello(m.hello, w);
    w.ldelim();
  }
  if (m.begin !== undefined && m.begin !== false) {
    w.uint32(16).bool(m.begin);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(24), m.term);
  }
  if (m.configuration !== undefined && m.configuration.length > 0) {
    w.uint32(34).bytes(m.configuration);
  }
  if (m.floor !== undefined) {
    w.uint32(42).fork();
    writeLogPoint(m.floor, w);
    w.ldelim();
  }
  if (m.ceiling !== undefined) {
    w.uint32(50).fork();
    writeLogPoint(m.ceiling, w);
    w.ldelim();
  }
}

export function readRefoundRequest(r: Reader): IRefoundRequest {
  let helloValue: IPeerHello | undefined;
  let beginValue = false;
  let termValue = 0;
  let configurationValue: Uint8Array = EMPTY;
  let floorValue: ILogPoint | undefined;
  let ceilingValue: ILogPoint | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        helloValue = readNested(r, readPeerHello);
        break;
      case 16:
        beginValue = r.uint32() !== 0;
        break;
      case 24:
        termValue = readUint64(r);
        break;
      case 34:
        configurationValue = r.bytes();
        break;
      case 42:
        floorValue = readNested(r, readLogPoint);
        break;
      case 50:
        ceilingValue = readNested(r, readLogPoint);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    hello: helloValue,
    begin: beginValue,
    term: termValue,
    configuration: configurationValue,
    floor: floorValue,
    ceiling: ceilingValue,
  };
}

/** What a voter says to it. */
export interface IRefoundResponse {
  /** Why not; empty: it could, or it has begun. */
  readonly refusal: string;
  /** End of its log. */
  readonly last: ILogPoint | undefined;
  /** End of its snapshot; index 0: none. */
  readonly snapshot: ILogPoint | undefined;
  /** Its term. */
  readonly term: number;
}
/** Codec of RefoundResponse. */
export const RefoundResponse: Codec<IRefoundResponse> = codec(
  "RefoundResponse",
  writeRefoundResponse,
  readRefoundResponse,
);

export function writeRefoundResponse(m: Encodable<IRefoundResponse>, w: Writer): void {
  if (m.refusal !== undefined && m.refusal !== "") {
    w.uint32(10).string(m.refusal);
  }
  if (m.last !== undefined) {
    w.uint32(18).fork();
    writeLogPoint(m.last, w);
    w.ldelim();
  }
  if (m.snapshot !== undefined) {
    w.uint32(26).fork();
    writeLogPoint(m.snapshot, w);
    w.ldelim();
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(32), m.term);
  }
}

export function readRefoundResponse(r: Reader): IRefoundResponse {
  let refusalValue = "";
  let lastValue: ILogPoint | undefined;
  let snapshotValue: ILogPoint | undefined;
  let termValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        refusalValue = readString(r);
        break;
      case 18:
        lastValue = readNested(r, readLogPoint);
        break;
      case 26:
        snapshotValue = readNested(r, readLogPoint);
        break;
      case 32:
        termValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { refusal: refusalValue, last: lastValue, snapshot: snapshotValue, term: termValue };
}

/** Between the members of one Raft group. Not for clients. */
export const PeerService: {
  /** One-way stream of frames from one member to another; the answer only ends or refuses it. */
  readonly connect: Method<IPeerFrame, IPeerGoodbye>;
  /** Brings a far-behind member a snapshot, in chunks. */
  readonly installSnapshot: Method<ISnapshotChunk, ISnapshotInstalled>;
  /** Before a new member takes part: was another one here under its name? */
  readonly meet: Method<IMeetRequest, IMeetResponse>;
  /** Asks a voter to begin the next incarnation of the cluster, with its voter group alone. See Admin.ForcePromote. */
  readonly refound: Method<IRefoundRequest, IRefoundResponse>;
} = {
  connect: {
    path: "/meridian.v1.Peer/Connect",
    request: PeerFrame,
    response: PeerGoodbye,
    requestStream: true,
    responseStream: false,
  },
  installSnapshot: {
    path: "/meridian.v1.Peer/InstallSnapshot",
    request: SnapshotChunk,
    response: SnapshotInstalled,
    requestStream: true,
    responseStream: false,
  },
  meet: {
    path: "/meridian.v1.Peer/Meet",
    request: MeetRequest,
    response: MeetResponse,
    requestStream: false,
    responseStream: false,
  },
  refound: {
    path: "/meridian.v1.Peer/Refound",
    request: RefoundRequest,
    response: RefoundResponse,
    requestStream: false,
    responseStream: false,
  },
};
