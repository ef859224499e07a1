import type { Configuration, Entry, EntryKind, Message } from "@meridian/consensus";
import {
  Configuration as ConfigurationCodec,
  EntryKind as WireEntryKind,
  MeridianError,
  PackedEntries,
  RaftMessageType,
  type Encodable,
  type ILogEntry,
  type IPeerFrame,
  type IRaftMessage,
} from "@meridian/wire";
import type { EntryPacker } from "./entry-packer.ts";
import { unpack } from "./packing.ts";
import type { PeerFrame, PeerMessage } from "./peer.ts";

/** What all that is packed in one frame may be: a frame without packing is no longer either. */
const unpackedBytesMax = 4 << 20;

/**
 * The frame as the wire carries it. Entries are not copied: encoding does that. `packer`: for those
 * of frames to other regions.
 */
export function peerFrameToWire(frame: PeerFrame, packer?: EntryPacker): Encodable<IPeerFrame> {
  const used = frame.isFar === true ? packer : undefined;
  return {
    messages: frame.messages.map((message) => messageToWire(message, used)),
    forwards: frame.forwards,
    forwardAnswers: frame.forwardAnswers,
    liveness: frame.liveness,
    livenessAnswer: frame.livenessAnswer,
  };
}

/**
 * The frame that was received. Messages of a type that this version does not know are left out, as
 * if lost. Data of entries and commands are views into the received or the unpacked bytes.
 * @throws {MeridianError} UNSUPPORTED: an entry is of a newer version. TOO_LARGE, CORRUPT: packed
 *   entries are too many, or damaged.
 */
export function peerFrameFromWire(frame: IPeerFrame): PeerFrame {
  const messages: PeerMessage[] = [];
  let roomBytes = unpackedBytesMax;
  for (const message of frame.messages) {
    let { entries } = message;
    if (message.packedEntries.byteLength > 0) {
      const bytes = unpack(message.packedEntries, roomBytes);
      roomBytes -= bytes.byteLength;
      ({ entries } = PackedEntries.decode(bytes));
    }
    const known = messageFromWire(message, entries);
    if (known !== undefined) messages.push(known);
  }
  const { forwards, forwardAnswers, liveness, livenessAnswer } = frame;
  return { messages, forwards, forwardAnswers, liveness, livenessAnswer };
}

/** Entries as they are before they are packed. */
export function encodeEntries(entries: readonly Entry[]): Buffer {
  return PackedEntries.encode({ entries: entries.map(entryToWire) });
}

/** A configuration as snapshots, entries and messages carry it. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  return ConfigurationCodec.encode(configuration);
}

/** @throws {WireError} when these are no bytes of a configuration. */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const { heldBy, notes, incarnation, ...rest } = ConfigurationCodec.decode(bytes);
  // What is not there is left out, so that a configuration comes back as it was.
  return {
    ...rest,
    ...(heldBy === "" ? {} : { heldBy }),
    ...(incarnation === 0 ? {} : { incarnation }),
    ...(Object.keys(notes).length === 0 ? {} : { notes: { ...notes } }),
  };
}

const ENTRY_KINDS: Readonly<Record<EntryKind, WireEntryKind>> = {
  command: WireEntryKind.UNSPECIFIED,
  empty: WireEntryKind.EMPTY,
  configuration: WireEntryKind.CONFIGURATION,
};

function entryToWire({ term, kind, data }: Entry): Encodable<ILogEntry> {
  return { term, kind: ENTRY_KINDS[kind], data };
}

function entryFromWire({ term, kind, data }: ILogEntry, index: number): Entry {
  return { index, term, kind: entryKind(kind), data };
}

function entryKind(kind: number): EntryKind {
  if (kind === WireEntryKind.EMPTY) return "empty";
  // An entry of an unknown kind must not be applied as something else by some members only.
  if (kind === WireEntryKind.CONFIGURATION) return "configuration";
  if (kind === WireEntryKind.UNSPECIFIED) return "command";
  throw new MeridianError("UNSUPPORTED", `entries of kind ${kind} are of a newer version`);
}

const TYPES: Readonly<Record<Message["type"], RaftMessageType>> = {
  append: RaftMessageType.APPEND,
  "append-answer": RaftMessageType.APPEND_ANSWER,
  heartbeat: RaftMessageType.HEARTBEAT,
  "heartbeat-answer": RaftMessageType.HEARTBEAT_ANSWER,
  "pre-vote": RaftMessageType.PRE_VOTE,
  "pre-vote-answer": RaftMessageType.PRE_VOTE_ANSWER,
  vote: RaftMessageType.VOTE,
  "vote-answer": RaftMessageType.VOTE_ANSWER,
  "read-index": RaftMessageType.READ_INDEX,
  "read-index-answer": RaftMessageType.READ_INDEX_ANSWER,
  "timeout-now": RaftMessageType.TIMEOUT_NOW,
  snapshot: RaftMessageType.SNAPSHOT,
  recover: RaftMessageType.RECOVER,
  "recover-answer": RaftMessageType.RECOVER_ANSWER,
};

function messageToWire(
  message: PeerMessage,
  packer: EntryPacker | undefined,
): Encodable<IRaftMessage> {
  switch (message.type) {
    case "append": {
      const packedEntries = packer?.pack(message.entries);
      const entries = packedEntries === undefined ? message.entries.map(entryToWire) : [];
      return { ...message, type: TYPES.append, entries, packedEntries };
    }
    case "snapshot": {
      const { from, to, term, mark } = message;
      const configuration = encodeConfiguration(mark.configuration);
      const { index, term: logTerm } = mark;
      return { type: TYPES.snapshot, from, to, term, index, logTerm, configuration };
    }
    // Fields of the others have the same names and meanings on both sides.
    case "append-answer":
    case "heartbeat":
    case "heartbeat-answer":
    case "pre-vote":
    case "pre-vote-answer":
    case "vote":
    case "vote-answer":
    case "read-index":
    case "read-index-answer":
    case "timeout-now":
    case "recover":
    case "recover-answer":
      return { ...message, type: TYPES[message.type] };
  }
}

function messageFromWire(
  message: IRaftMessage,
  sent: readonly ILogEntry[],
): PeerMessage | undefined {
  const { from, to, term, index, logTerm, commit, context, reject, hint, transfer } = message;
  const envelope = { from, to, term };
  switch (message.type as RaftMessageType) {
    case RaftMessageType.APPEND: {
      const entries = sent.map((entry, at) => entryFromWire(entry, index + 1 + at));
      const { handTo, quiet } = message;
      const plain = { ...envelope, type: "append", index, logTerm, entries, commit } as const;
      const known = quiet ? ({ ...plain, quiet } as const) : plain;
      return handTo.length === 0 ? known : { ...known, handTo };
    }
    case RaftMessageType.APPEND_ANSWER:
      return { ...envelope, type: "append-answer", index, reject, hint, logTerm };
    case RaftMessageType.HEARTBEAT:
      return { ...envelope, type: "heartbeat", commit, context, ...sentMsOf(message) };
    case RaftMessageType.HEARTBEAT_ANSWER:
      return { ...envelope, type: "heartbeat-answer", context, ...sentMsOf(message) };
    case RaftMessageType.PRE_VOTE:
      return { ...envelope, type: "pre-vote", index, logTerm, transfer };
    case RaftMessageType.PRE_VOTE_ANSWER:
      return { ...envelope, type: "pre-vote-answer", reject };
    case RaftMessageType.VOTE:
      return { ...envelope, type: "vote", index, logTerm, transfer };
    case RaftMessageType.VOTE_ANSWER:
      return { ...envelope, type: "vote-answer", reject };
    case RaftMessageType.READ_INDEX:
      return { ...envelope, type: "read-index", context };
    case RaftMessageType.READ_INDEX_ANSWER:
      return { ...envelope, type: "read-index-answer", context, index, reject };
    case RaftMessageType.TIMEOUT_NOW:
      return { ...envelope, type: "timeout-now" };
    case RaftMessageType.SNAPSHOT: {
      const configuration = decodeConfiguration(message.configuration);
      return { ...envelope, type: "snapshot", mark: { index, term: logTerm, configuration } };
    }
    case RaftMessageType.RECOVER:
      return { ...envelope, type: "recover", nonce: message.nonce };
    case RaftMessageType.RECOVER_ANSWER:
      return { ...envelope, type: "recover-answer", nonce: message.nonce, index };
    case RaftMessageType.UNSPECIFIED:
      return undefined;
  }
  return undefined;
}

/** Absent where nobody counts on leases. */
function sentMsOf({ sentMs }: IRaftMessage): { readonly sentMs?: number } {
  return sentMs === 0 ? {} : { sentMs };
}
