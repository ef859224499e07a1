import { bytesField, fieldsOf, numberField } from "./protobuf.ts";

/** Methods of etcd's API, version 3, by their paths. */
export const methods = {
  put: "/etcdserverpb.KV/Put",
  range: "/etcdserverpb.KV/Range",
  watch: "/etcdserverpb.Watch/Watch",
  status: "/etcdserverpb.Maintenance/Status",
  hash: "/etcdserverpb.Maintenance/Hash",
} as const;

/** `PutRequest`: a key gets a value. */
export function putRequest(key: string, value: Uint8Array): Buffer {
  return Buffer.concat([bytesField(1, Buffer.from(key)), bytesField(2, value)]);
}

/** `RangeRequest` of one key. A serializable one is answered by the server that it is sent to. */
export function rangeRequest(key: string, isSerializable: boolean): Buffer {
  const asked = bytesField(1, Buffer.from(key));
  return isSerializable ? Buffer.concat([asked, numberField(7, 1)]) : asked;
}

/** `WatchRequest` that begins a watch of one key. */
export function watchRequest(key: string): Buffer {
  return bytesField(1, bytesField(1, Buffer.from(key)));
}

const keyValuesTag = 2 * 8 + 2;

/** Whether a `RangeResponse` holds a key: its header comes first, and then what was found. */
export function hasFound(message: Buffer): boolean {
  const headerBytes = message[1] ?? 0;
  // Headers have less than 128 bytes, which makes their length one byte.
  return message[0] === 8 + 2 && headerBytes < 128 && message[2 + headerBytes] === keyValuesTag;
}

/** What a `WatchResponse` says. */
export interface WatchNews {
  readonly isCreated: boolean;
  readonly isCanceled: boolean;
  /** Changes in it. */
  readonly events: number;
}

/** Reads a `WatchResponse`. */
export function watchNewsOf(message: Buffer): WatchNews {
  let isCreated = false;
  let isCanceled = false;
  let events = 0;
  for (const { number, value } of fieldsOf(message)) {
    if (number === 3) isCreated = value === 1n;
    else if (number === 4) isCanceled = value === 1n;
    else if (number === 11) events += 1;
  }
  return { isCreated, isCanceled, events };
}

/** What a `StatusResponse` says. */
export interface EtcdStatus {
  readonly version: string;
  readonly leads: boolean;
  /** Whether it knows of a leader. */
  readonly isLed: boolean;
}

/** Reads a `StatusResponse`. */
export function statusOf(message: Buffer): EtcdStatus {
  let version = "";
  let member = 0n;
  let leader = 0n;
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === 1) {
      for (const field of fieldsOf(bytes)) if (field.number === 2) member = field.value;
    } else if (number === 2) version = bytes.toString();
    else if (number === 4) leader = value;
  }
  return { version, leads: leader !== 0n && leader === member, isLed: leader !== 0n };
}
