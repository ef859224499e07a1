/* oxlint-disable */
// Generated from protos/meridian/v1/local_platform.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { codec, readNested, readString } from "../codec.ts";
import type { Codec, Encodable, Method } from "../codec.ts";
import { readUint64, writeUint32, writeUint64 } from "../integers.ts";

/** Asks what runs. */
export type IInspectRequest = Readonly<Record<never, never>>;
/** Codec of InspectRequest. */
export const InspectRequest: Codec<IInspectRequest> = codec(
  "InspectRequest",
  writeInspectRequest,
  readInspectRequest,
);

export function writeInspectRequest(_m: Encodable<IInspectRequest>, _w: Writer): void {}

export function readInspectRequest(r: Reader): IInspectRequest {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** What runs. */
export interface IInspectResponse {
  /** Processes. */
  readonly processes: readonly IPlatformProcess[];
  /** Directed links between regions. */
  readonly links: readonly IPlatformLink[];
}
/** Codec of InspectResponse. */
export const InspectResponse: Codec<IInspectResponse> = codec(
  "InspectResponse",
  writeInspectResponse,
  readInspectResponse,
);

export function writeInspectResponse(m: Encodable<IInspectResponse>, w: Writer): void {
  if (m.processes !== undefined)
    for (const item of m.processes) {
      w.uint32(10).fork();
      writePlatformProcess(item, w);
      w.ldelim();
    }
  if (m.links !== undefined)
    for (const item of m.links) {
      w.uint32(18).fork();
      writePlatformLink(item, w);
      w.ldelim();
    }
}

export function readInspectResponse(r: Reader): IInspectResponse {
  const processesValue: IPlatformProcess[] = [];
  const linksValue: IPlatformLink[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        processesValue.push(readNested(r, readPlatformProcess));
        break;
      case 18:
        linksValue.push(readNested(r, readPlatformLink));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { processes: processesValue, links: linksValue };
}

/** One process. */
export interface IPlatformProcess {
  /** Its name: a site, a point of presence or a node. */
  readonly name: string;
  /** Its region. */
  readonly region: string;
  /** Nodes it hosts. */
  readonly nodes: readonly string[];
  /** Process id; 0 when it is not running. */
  readonly pid: number;
}
/** Codec of PlatformProcess. */
export const PlatformProcess: Codec<IPlatformProcess> = codec(
  "PlatformProcess",
  writePlatformProcess,
  readPlatformProcess,
);

export function writePlatformProcess(m: Encodable<IPlatformProcess>, w: Writer): void {
  if (m.name !== undefined && m.name !== "") {
    w.uint32(10).string(m.name);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
  if (m.nodes !== undefined)
    for (const item of m.nodes) {
      w.uint32(26).string(item);
    }
  if (m.pid !== undefined && m.pid !== 0) {
    writeUint32(w.uint32(32), m.pid);
  }
}

export function readPlatformProcess(r: Reader): IPlatformProcess {
  let nameValue = "";
  let regionValue = "";
  const nodesValue: string[] = [];
  let pidValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nameValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      case 26:
        nodesValue.push(readString(r));
        break;
      case 32:
        pidValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { name: nameValue, region: regionValue, nodes: nodesValue, pid: pidValue };
}

/** One directed link. */
export interface IPlatformLink {
  /** From this region */
  readonly from: string;
  /** to that. */
  readonly to: string;
  /** One-way delay in milliseconds. */
  readonly delayMs: number;
  /** Nothing passes. */
  readonly cut: boolean;
  /** Bytes carried since start. */
  readonly bytes: number;
}
/** Codec of PlatformLink. */
export const PlatformLink: Codec<IPlatformLink> = codec(
  "PlatformLink",
  writePlatformLink,
  readPlatformLink,
);

export function writePlatformLink(m: Encodable<IPlatformLink>, w: Writer): void {
  if (m.from !== undefined && m.from !== "") {
    w.uint32(10).string(m.from);
  }
  if (m.to !== undefined && m.to !== "") {
    w.uint32(18).string(m.to);
  }
  if (m.delayMs !== undefined && m.delayMs !== 0) {
    w.uint32(25).double(m.delayMs);
  }
  if (m.cut !== undefined && m.cut !== false) {
    w.uint32(32).bool(m.cut);
  }
  if (m.bytes !== undefined && m.bytes !== 0) {
    writeUint64(w.uint32(40), m.bytes);
  }
}

export function readPlatformLink(r: Reader): IPlatformLink {
  let fromValue = "";
  let toValue = "";
  let delayMsValue = 0;
  let cutValue = false;
  let bytesValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        fromValue = readString(r);
        break;
      case 18:
        toValue = readString(r);
        break;
      case 25:
        delayMsValue = r.double();
        break;
      case 32:
        cutValue = r.uint32() !== 0;
        break;
      case 40:
        bytesValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { from: fromValue, to: toValue, delayMs: delayMsValue, cut: cutValue, bytes: bytesValue };
}

/** Names a region or a node. */
export interface IKillRequest {
  /** Region or node. */
  readonly target: string;
}
/** Codec of KillRequest. */
export const KillRequest: Codec<IKillRequest> = codec(
  "KillRequest",
  writeKillRequest,
  readKillRequest,
);

export function writeKillRequest(m: Encodable<IKillRequest>, w: Writer): void {
  if (m.target !== undefined && m.target !== "") {
    w.uint32(10).string(m.target);
  }
}

export function readKillRequest(r: Reader): IKillRequest {
  let targetValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        targetValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { target: targetValue };
}

/** Names a region or a node. */
export interface IRestartRequest {
  /** Region or node. */
  readonly target: string;
}
/** Codec of RestartRequest. */
export const RestartRequest: Codec<IRestartRequest> = codec(
  "RestartRequest",
  writeRestartRequest,
  readRestartRequest,
);

export function writeRestartRequest(m: Encodable<IRestartRequest>, w: Writer): void {
  if (m.target !== undefined && m.target !== "") {
    w.uint32(10).string(m.target);
  }
}

export function readRestartRequest(r: Reader): IRestartRequest {
  let targetValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        targetValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { target: targetValue };
}

/** Names a region and perhaps another. */
export interface IPartitionRequest {
  /** This region */
  readonly region: string;
  /** from that one; empty: from all others. */
  readonly from: string;
  /** Only the direction out of `region`. */
  readonly oneWay: boolean;
}
/** Codec of PartitionRequest. */
export const PartitionRequest: Codec<IPartitionRequest> = codec(
  "PartitionRequest",
  writePartitionRequest,
  readPartitionRequest,
);

export function writePartitionRequest(m: Encodable<IPartitionRequest>, w: Writer): void {
  if (m.region !== undefined && m.region !== "") {
    w.uint32(10).string(m.region);
  }
  if (m.from !== undefined && m.from !== "") {
    w.uint32(18).string(m.from);
  }
  if (m.oneWay !== undefined && m.oneWay !== false) {
    w.uint32(24).bool(m.oneWay);
  }
}

export function readPartitionRequest(r: Reader): IPartitionRequest {
  let regionValue = "";
  let fromValue = "";
  let oneWayValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        regionValue = readString(r);
        break;
      case 18:
        fromValue = readString(r);
        break;
      case 24:
        oneWayValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { region: regionValue, from: fromValue, oneWay: oneWayValue };
}

/** Names a region, or none for all. */
export interface IHealRequest {
  /** The region; empty: all. */
  readonly region: string;
}
/** Codec of HealRequest. */
export const HealRequest: Codec<IHealRequest> = codec(
  "HealRequest",
  writeHealRequest,
  readHealRequest,
);

export function writeHealRequest(m: Encodable<IHealRequest>, w: Writer): void {
  if (m.region !== undefined && m.region !== "") {
    w.uint32(10).string(m.region);
  }
}

export function readHealRequest(r: Reader): IHealRequest {
  let regionValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        regionValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { region: regionValue };
}

/** Adds delay. */
export interface IDelayRequest {
  /** This region */
  readonly region: string;
  /** to that one; empty: to all others. */
  readonly to: string;
  /** Extra one-way delay in milliseconds; 0 takes it away. */
  readonly delayMs: number;
}
/** Codec of DelayRequest. */
export const DelayRequest: Codec<IDelayRequest> = codec(
  "DelayRequest",
  writeDelayRequest,
  readDelayRequest,
);

export function writeDelayRequest(m: Encodable<IDelayRequest>, w: Writer): void {
  if (m.region !== undefined && m.region !== "") {
    w.uint32(10).string(m.region);
  }
  if (m.to !== undefined && m.to !== "") {
    w.uint32(18).string(m.to);
  }
  if (m.delayMs !== undefined && m.delayMs !== 0) {
    w.uint32(25).double(m.delayMs);
  }
}

export function readDelayRequest(r: Reader): IDelayRequest {
  let regionValue = "";
  let toValue = "";
  let delayMsValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        regionValue = readString(r);
        break;
      case 18:
        toValue = readString(r);
        break;
      case 25:
        delayMsValue = r.double();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { region: regionValue, to: toValue, delayMs: delayMsValue };
}

/** Control of a local platform started by `meridian dev`: its processes and its emulated WAN. */
export const LocalPlatformService: {
  /** What runs, and which faults are in force. */
  readonly inspect: Method<IInspectRequest, IInspectResponse>;
  /** Kills (kill -9) all processes of a region, or one node's process. */
  readonly kill: Method<IKillRequest, IInspectResponse>;
  /** Starts what was killed. */
  readonly restart: Method<IRestartRequest, IInspectResponse>;
  /** Cuts a region off from all others, or from one. */
  readonly partition: Method<IPartitionRequest, IInspectResponse>;
  /** Ends cuts and extra delays: of one region, or all. */
  readonly heal: Method<IHealRequest, IInspectResponse>;
  /** Adds delay between two regions, or between one and all others. */
  readonly delay: Method<IDelayRequest, IInspectResponse>;
} = {
  inspect: {
    path: "/meridian.v1.LocalPlatform/Inspect",
    request: InspectRequest,
    response: InspectResponse,
    requestStream: false,
    responseStream: false,
  },
  kill: {
    path: "/meridian.v1.LocalPlatform/Kill",
    request: KillRequest,
    response: InspectResponse,
    requestStream: false,
    responseStream: false,
  },
  restart: {
    path: "/meridian.v1.LocalPlatform/Restart",
    request: RestartRequest,
    response: InspectResponse,
    requestStream: false,
    responseStream: false,
  },
  partition: {
    path: "/meridian.v1.LocalPlatform/Partition",
    request: PartitionRequest,
    response: InspectResponse,
    requestStream: false,
    responseStream: false,
  },
  heal: {
    path: "/meridian.v1.LocalPlatform/Heal",
    request: HealRequest,
    response: InspectResponse,
    requestStream: false,
    responseStream: false,
  },
  delay: {
    path: "/meridian.v1.LocalPlatform/Delay",
    request: DelayRequest,
    response: InspectResponse,
    requestStream: false,
    responseStream: false,
  },
};
