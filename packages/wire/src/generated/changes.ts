/* oxlint-disable */
// Generated from protos/meridian/v1/changes.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { EMPTY, codec, readNested, readString } from "../codec.ts";
import type { Codec, Encodable, Method } from "../codec.ts";
import { readUint64, writeUint32, writeUint64 } from "../integers.ts";
import { readPosition, type IPosition, writePosition } from "./common.ts";
import {
  readSeedRemote,
  readTransaction,
  type ISeedRemote,
  type ITransaction,
  writeSeedRemote,
  writeTransaction,
} from "./log.ts";

/** How an opened stream begins. */
export const OpenOutcome = {
  /** Never sent. */
  UNSPECIFIED: 0,
  /** The next changes follow. */
  CONTINUE: 1,
  /** The position is too old: a snapshot follows, then the tail. */
  COMPACTED: 2,
  /** The position belongs to an abandoned history; the fork point is given. Open again from it or from 0. */
  FORKED: 3,
  /** Another cluster owns the prefixes, or the position is of another cluster's history than the producer's. */
  MOVED: 4,
  /** Not for this consumer. */
  DENIED: 5,
} as const;
/** A value of OpenOutcome. Decoded fields may hold others, of newer senders. */
export type OpenOutcome = (typeof OpenOutcome)[keyof typeof OpenOutcome];

/** Consumer to producer. */
export interface IFollowFrame {
  /** First frame only. */
  readonly open: IOpenChanges | undefined;
  /** This many more bytes of changes may be sent. */
  readonly creditBytes: number;
  /** Consumer's monotonic clock in milliseconds; echoed in later bookmarks. */
  readonly sentAtMs: number;
}
/** Codec of FollowFrame. */
export const FollowFrame: Codec<IFollowFrame> = codec(
  "FollowFrame",
  writeFollowFrame,
  readFollowFrame,
);

export function writeFollowFrame(m: Encodable<IFollowFrame>, w: Writer): void {
  if (m.open !== undefined) {
    w.uint32(10).fork();
    writeOpenChanges(m.open, w);
    w.ldelim();
  }
  if (m.creditBytes !== undefined && m.creditBytes !== 0) {
    writeUint64(w.uint32(16), m.creditBytes);
  }
  if (m.sentAtMs !== undefined && m.sentAtMs !== 0) {
    writeUint64(w.uint32(24), m.sentAtMs);
  }
}

export function readFollowFrame(r: Reader): IFollowFrame {
  let openValue: IOpenChanges | undefined;
  let creditBytesValue = 0;
  let sentAtMsValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        openValue = readNested(r, readOpenChanges);
        break;
      case 16:
        creditBytesValue = readUint64(r);
        break;
      case 24:
        sentAtMsValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { open: openValue, creditBytes: creditBytesValue, sentAtMs: sentAtMsValue };
}

/** What to follow and from where. */
export interface IOpenChanges {
  /** Who asks, for status pages: a cluster, an edge or a user's name. */
  readonly consumer: string;
  /** Region of the consumer; residency is decided by it. */
  readonly region: string;
  /** Resume after this position of the producing cluster. Index 0: everything, as a snapshot. */
  readonly from: IPosition | undefined;
  /** Only changes made by the producing cluster itself, not those it took over. */
  readonly ownOnly: boolean;
  /** Only paths at or below one of these. Empty: all. */
  readonly prefixes: readonly string[];
  /** The consumer reads `packed`. */
  readonly unpacks: boolean;
}
/** Codec of OpenChanges. */
export const OpenChanges: Codec<IOpenChanges> = codec(
  "OpenChanges",
  writeOpenChanges,
  readOpenChanges,
);

export function writeOpenChanges(m: Encodable<IOpenChanges>, w: Writer): void {
  if (m.consumer !== undefined && m.consumer !== "") {
    w.uint32(10).string(m.consumer);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
  if (m.from !== undefined) {
    w.uint32(26).fork();
    writePosition(m.from, w);
    w.ldelim();
  }
  if (m.ownOnly !== undefined && m.ownOnly !== false) {
    w.uint32(32).bool(m.ownOnly);
  }
  if (m.prefixes !== undefined)
    for (const item of m.prefixes) {
      w.uint32(42).string(item);
    }
  if (m.unpacks !== undefined && m.unpacks !== false) {
    w.uint32(48).bool(m.unpacks);
  }
}

export function readOpenChanges(r: Reader): IOpenChanges {
  let consumerValue = "";
  let regionValue = "";
  let fromValue: IPosition | undefined;
  let ownOnlyValue = false;
  const prefixesValue: string[] = [];
  let unpacksValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        consumerValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      case 26:
        fromValue = readNested(r, readPosition);
        break;
      case 32:
        ownOnlyValue = r.uint32() !== 0;
        break;
      case 42:
        prefixesValue.push(readString(r));
        break;
      case 48:
        unpacksValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    consumer: consumerValue,
    region: regionValue,
    from: fromValue,
    ownOnly: ownOnlyValue,
    prefixes: prefixesValue,
    unpacks: unpacksValue,
  };
}

/** Producer to consumer. */
export interface IChangeFrame {
  /** First frame only. */
  readonly opened: IOpened | undefined;
  /** Part of the snapshot after COMPACTED. */
  readonly seed: ISeedRemote | undefined;
  /** Changes, whole transactions, in order. */
  readonly transactions: readonly ITransaction[];
  /** Progress; sent several times a second even when nothing changes. */
  readonly bookmark: IBookmark | undefined;
  /** What this frame took of the consumer's credit; to be given back once it is dealt with. */
  readonly costBytes: number;
  /** In place of `seed` and `transactions`, between regions: an encoded ChangeFrame with these alone, deflated. */
  readonly packed: Uint8Array;
}
/** Codec of ChangeFrame. */
export const ChangeFrame: Codec<IChangeFrame> = codec(
  "ChangeFrame",
  writeChangeFrame,
  readChangeFrame,
);

export function writeChangeFrame(m: Encodable<IChangeFrame>, w: Writer): void {
  if (m.opened !== undefined) {
    w.uint32(10).fork();
    writeOpened(m.opened, w);
    w.ldelim();
  }
  if (m.seed !== undefined) {
    w.uint32(18).fork();
    writeSeedRemote(m.seed, w);
    w.ldelim();
  }
  if (m.transactions !== undefined)
    for (const item of m.transactions) {
      w.uint32(26).fork();
      writeTransaction(item, w);
      w.ldelim();
    }
  if (m.bookmark !== undefined) {
    w.uint32(34).fork();
    writeBookmark(m.bookmark, w);
    w.ldelim();
  }
  if (m.costBytes !== undefined && m.costBytes !== 0) {
    writeUint64(w.uint32(40), m.costBytes);
  }
  if (m.packed !== undefined && m.packed.length > 0) {
    w.uint32(50).bytes(m.packed);
  }
}

export function readChangeFrame(r: Reader): IChangeFrame {
  let openedValue: IOpened | undefined;
  let seedValue: ISeedRemote | undefined;
  const transactionsValue: ITransaction[] = [];
  let bookmarkValue: IBookmark | undefined;
  let costBytesValue = 0;
  let packedValue: Uint8Array = EMPTY;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        openedValue = readNested(r, readOpened);
        break;
      case 18:
        seedValue = readNested(r, readSeedRemote);
        break;
      case 26:
        transactionsValue.push(readNested(r, readTransaction));
        break;
      case 34:
        bookmarkValue = readNested(r, readBookmark);
        break;
      case 40:
        costBytesValue = readUint64(r);
        break;
      case 50:
        packedValue = r.bytes();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    opened: openedValue,
    seed: seedValue,
    transactions: transactionsValue,
    bookmark: bookmarkValue,
    costBytes: costBytesValue,
    packed: packedValue,
  };
}

/** Answer to `open`. */
export interface IOpened {
  /** How the stream begins. */
  readonly outcome: number;
  /** Where the producer is. */
  readonly position: IPosition | undefined;
  /** FORKED: last position that both histories share. MOVED: cluster in its `cluster`. */
  readonly fork: IPosition | undefined;
}
/** Codec of Opened. */
export const Opened: Codec<IOpened> = codec("Opened", writeOpened, readOpened);

export function writeOpened(m: Encodable<IOpened>, w: Writer): void {
  if (m.outcome !== undefined && m.outcome !== 0) {
    writeUint32(w.uint32(8), m.outcome);
  }
  if (m.position !== undefined) {
    w.uint32(18).fork();
    writePosition(m.position, w);
    w.ldelim();
  }
  if (m.fork !== undefined) {
    w.uint32(26).fork();
    writePosition(m.fork, w);
    w.ldelim();
  }
}

export function readOpened(r: Reader): IOpened {
  let outcomeValue = 0;
  let positionValue: IPosition | undefined;
  let forkValue: IPosition | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        outcomeValue = r.uint32();
        break;
      case 18:
        positionValue = readNested(r, readPosition);
        break;
      case 26:
        forkValue = readNested(r, readPosition);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { outcome: outcomeValue, position: positionValue, fork: forkValue };
}

/** Everything up to a position has been sent. */
export interface IBookmark {
  /** That position in the producing cluster. */
  readonly position: IPosition | undefined;
  /** Latest `sent_at_ms` that the producer has seen; 0: only the position is told this time. */
  readonly echoMs: number;
  /** How long ago it saw it, in milliseconds. */
  readonly heldMs: number;
  /** How old the producer's view of other clusters is. */
  readonly ages: readonly IOriginAge[];
}
/** Codec of Bookmark. */
export const Bookmark: Codec<IBookmark> = codec("Bookmark", writeBookmark, readBookmark);

export function writeBookmark(m: Encodable<IBookmark>, w: Writer): void {
  if (m.position !== undefined) {
    w.uint32(10).fork();
    writePosition(m.position, w);
    w.ldelim();
  }
  if (m.echoMs !== undefined && m.echoMs !== 0) {
    writeUint64(w.uint32(16), m.echoMs);
  }
  if (m.heldMs !== undefined && m.heldMs !== 0) {
    writeUint32(w.uint32(24), m.heldMs);
  }
  if (m.ages !== undefined)
    for (const item of m.ages) {
      w.uint32(34).fork();
      writeOriginAge(item, w);
      w.ldelim();
    }
}

export function readBookmark(r: Reader): IBookmark {
  let positionValue: IPosition | undefined;
  let echoMsValue = 0;
  let heldMsValue = 0;
  const agesValue: IOriginAge[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        positionValue = readNested(r, readPosition);
        break;
      case 16:
        echoMsValue = readUint64(r);
        break;
      case 24:
        heldMsValue = r.uint32();
        break;
      case 34:
        agesValue.push(readNested(r, readOriginAge));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { position: positionValue, echoMs: echoMsValue, heldMs: heldMsValue, ages: agesValue };
}

/** Upper bound of the age of a mirror. */
export interface IOriginAge {
  /** The mirrored cluster. */
  readonly origin: string;
  /** Index up to which it is mirrored. */
  readonly index: number;
  /** Its incarnation. */
  readonly incarnation: number;
  /** Everything that the origin had committed this long ago is included, in milliseconds. */
  readonly ageMs: number;
  /** Between members of a region: at `index` nothing of the origin up to here is missing. */
  readonly covers: number;
}
/** Codec of OriginAge. */
export const OriginAge: Codec<IOriginAge> = codec("OriginAge", writeOriginAge, readOriginAge);

export function writeOriginAge(m: Encodable<IOriginAge>, w: Writer): void {
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(10).string(m.origin);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(16), m.index);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(24), m.incarnation);
  }
  if (m.ageMs !== undefined && m.ageMs !== 0) {
    writeUint64(w.uint32(32), m.ageMs);
  }
  if (m.covers !== undefined && m.covers !== 0) {
    writeUint64(w.uint32(40), m.covers);
  }
}

export function readOriginAge(r: Reader): IOriginAge {
  let originValue = "";
  let indexValue = 0;
  let incarnationValue = 0;
  let ageMsValue = 0;
  let coversValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        originValue = readString(r);
        break;
      case 16:
        indexValue = readUint64(r);
        break;
      case 24:
        incarnationValue = readUint64(r);
        break;
      case 32:
        ageMsValue = readUint64(r);
        break;
      case 40:
        coversValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    origin: originValue,
    index: indexValue,
    incarnation: incarnationValue,
    ageMs: ageMsValue,
    covers: coversValue,
  };
}

/** Ordered streams of committed changes, with resume: one primitive for mirrors, edges, watches and users. */
export const ChangesService: {
  /** The first frame carries `open`; every later one credit or an echo. */
  readonly follow: Method<IFollowFrame, IChangeFrame>;
} = {
  follow: {
    path: "/meridian.v1.Changes/Follow",
    request: FollowFrame,
    response: ChangeFrame,
    requestStream: true,
    responseStream: true,
  },
};
