/* oxlint-disable */
// Generated from packages/wire/grpc-status.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { EMPTY, codec, readMapEntry, readNested, readString } from "../codec.ts";
import type { Codec, Encodable } from "../codec.ts";
import { readUint64, writeUint64 } from "../integers.ts";

/** google.rpc.Status. */
export interface IRpcStatus {
  /** gRPC status code. */
  readonly code: number;
  /** Message for developers. */
  readonly message: string;
  /** What else there is to say. */
  readonly details: readonly IRpcAny[];
}
/** Codec of RpcStatus. */
export const RpcStatus: Codec<IRpcStatus> = codec("RpcStatus", writeRpcStatus, readRpcStatus);

export function writeRpcStatus(m: Encodable<IRpcStatus>, w: Writer): void {
  if (m.code !== undefined && m.code !== 0) {
    w.uint32(8).int32(m.code);
  }
  if (m.message !== undefined && m.message !== "") {
    w.uint32(18).string(m.message);
  }
  if (m.details !== undefined)
    for (const item of m.details) {
      w.uint32(26).fork();
      writeRpcAny(item, w);
      w.ldelim();
    }
}

export function readRpcStatus(r: Reader): IRpcStatus {
  let codeValue = 0;
  let messageValue = "";
  const detailsValue: IRpcAny[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        codeValue = r.int32();
        break;
      case 18:
        messageValue = readString(r);
        break;
      case 26:
        detailsValue.push(readNested(r, readRpcAny));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { code: codeValue, message: messageValue, details: detailsValue };
}

/** google.protobuf.Any. */
export interface IRpcAny {
  /** Which message it is: "type.googleapis.com/" and its full name. */
  readonly typeUrl: string;
  /** The message, encoded. */
  readonly value: Uint8Array;
}
/** Codec of RpcAny. */
export const RpcAny: Codec<IRpcAny> = codec("RpcAny", writeRpcAny, readRpcAny);

export function writeRpcAny(m: Encodable<IRpcAny>, w: Writer): void {
  if (m.typeUrl !== undefined && m.typeUrl !== "") {
    w.uint32(10).string(m.typeUrl);
  }
  if (m.value !== undefined && m.value.length > 0) {
    w.uint32(18).bytes(m.value);
  }
}

export function readRpcAny(r: Reader): IRpcAny {
  let typeUrlValue = "";
  let valueValue: Uint8Array = EMPTY;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        typeUrlValue = readString(r);
        break;
      case 18:
        valueValue = r.bytes();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { typeUrl: typeUrlValue, value: valueValue };
}

/** google.rpc.ErrorInfo. */
export interface IRpcErrorInfo {
  /** Stable name of the error within its domain. */
  readonly reason: string;
  /** Who defines the reason. */
  readonly domain: string;
  /** More about this error. */
  readonly metadata: Readonly<Record<string, string>>;
}
/** Codec of RpcErrorInfo. */
export const RpcErrorInfo: Codec<IRpcErrorInfo> = codec(
  "RpcErrorInfo",
  writeRpcErrorInfo,
  readRpcErrorInfo,
);

export function writeRpcErrorInfo(m: Encodable<IRpcErrorInfo>, w: Writer): void {
  if (m.reason !== undefined && m.reason !== "") {
    w.uint32(10).string(m.reason);
  }
  if (m.domain !== undefined && m.domain !== "") {
    w.uint32(18).string(m.domain);
  }
  if (m.metadata !== undefined)
    for (const [key, value] of Object.entries(m.metadata)) {
      w.uint32(26)
        .fork()
        .uint32(10)
        .string(key)
        .uint32(18)
        .string(value ?? "")
        .ldelim();
    }
}

export function readRpcErrorInfo(r: Reader): IRpcErrorInfo {
  let reasonValue = "";
  let domainValue = "";
  const metadataValue: Record<string, string> = Object.create(null);
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        reasonValue = readString(r);
        break;
      case 18:
        domainValue = readString(r);
        break;
      case 26:
        readNested(r, (r) => readMapEntry(r, metadataValue));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { reason: reasonValue, domain: domainValue, metadata: metadataValue };
}

/** google.rpc.RetryInfo. */
export interface IRpcRetryInfo {
  /** google.protobuf.Duration: wait at least this long. */
  readonly retryDelay: IRpcDuration | undefined;
}
/** Codec of RpcRetryInfo. */
export const RpcRetryInfo: Codec<IRpcRetryInfo> = codec(
  "RpcRetryInfo",
  writeRpcRetryInfo,
  readRpcRetryInfo,
);

export function writeRpcRetryInfo(m: Encodable<IRpcRetryInfo>, w: Writer): void {
  if (m.retryDelay !== undefined) {
    w.uint32(10).fork();
    writeRpcDuration(m.retryDelay, w);
    w.ldelim();
  }
}

export function readRpcRetryInfo(r: Reader): IRpcRetryInfo {
  let retryDelayValue: IRpcDuration | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        retryDelayValue = readNested(r, readRpcDuration);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { retryDelay: retryDelayValue };
}

/** google.protobuf.Duration. */
export interface IRpcDuration {
  /** Whole seconds. */
  readonly seconds: number;
  /** Fraction, in nanoseconds. */
  readonly nanos: number;
}
/** Codec of RpcDuration. */
export const RpcDuration: Codec<IRpcDuration> = codec(
  "RpcDuration",
  writeRpcDuration,
  readRpcDuration,
);

export function writeRpcDuration(m: Encodable<IRpcDuration>, w: Writer): void {
  if (m.seconds !== undefined && m.seconds !== 0) {
    writeUint64(w.uint32(8), m.seconds);
  }
  if (m.nanos !== undefined && m.nanos !== 0) {
    w.uint32(16).int32(m.nanos);
  }
}

export function readRpcDuration(r: Reader): IRpcDuration {
  let secondsValue = 0;
  let nanosValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        secondsValue = readUint64(r);
        break;
      case 16:
        nanosValue = r.int32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { seconds: secondsValue, nanos: nanosValue };
}
