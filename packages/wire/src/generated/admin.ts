/* oxlint-disable */
// Generated from protos/meridian/v1/admin.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { codec, readMapEntry, readNested, readString } from "../codec.ts";
import type { Codec, Encodable, Method } from "../codec.ts";
import { readUint64, writeUint32, writeUint64 } from "../integers.ts";

/** Asks for the state of a node. */
export type IStatusRequest = Readonly<Record<never, never>>;
/** Codec of StatusRequest. */
export const StatusRequest: Codec<IStatusRequest> = codec(
  "StatusRequest",
  writeStatusRequest,
  readStatusRequest,
);

export function writeStatusRequest(_m: Encodable<IStatusRequest>, _w: Writer): void {}

export function readStatusRequest(r: Reader): IStatusRequest {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** State of a node. */
export interface IStatusResponse {
  /** The node. */
  readonly node: string;
  /** Its region. */
  readonly region: string;
  /** Its tier. */
  readonly tier: number;
  /** global-voter, witness, regional-voter, regional-observer or edge. */
  readonly role: string;
  /** Voter group, for global voters and witnesses. */
  readonly group: string;
  /** Cluster it belongs to or follows. */
  readonly cluster: string;
  /** Incarnation of the cluster. */
  readonly incarnation: number;
  /** leader, candidate, follower, learner, removed (from its group), waiting (to be added to it) or edge. */
  readonly state: string;
  /** Raft term. */
  readonly term: number;
  /** Node that leads, if known. */
  readonly leader: string;
  /** Highest index committed. */
  readonly commitIndex: number;
  /** Highest index applied. */
  readonly appliedIndex: number;
  /** First index that the log still holds. */
  readonly firstIndex: number;
  /** Last index of the log. */
  readonly lastIndex: number;
  /** Nodes in the tree. */
  readonly znodes: number;
  /** Open sessions of the cluster. */
  readonly sessions: number;
  /** Watches served by this node. */
  readonly watches: number;
  /** Clients connected to this node. */
  readonly connections: number;
  /** CONNECTED, SUSPECT, ISOLATED or HEALING; regions and edges. */
  readonly partitionState: string;
  /** Mirrors and how old they are. */
  readonly mirrors: readonly IMirrorStatus[];
  /** Leader only: the other members. */
  readonly members: readonly IMemberProgress[];
  /** Global leader only: the secondary could take over without loss. */
  readonly failoverReady: boolean;
  /** Milliseconds since start. */
  readonly uptimeMs: number;
  /** Resident memory in bytes. */
  readonly memoryBytes: number;
  /** Version of the program. */
  readonly version: string;
  /** Digest of the tree at `applied_index`, in hexadecimal; empty at witnesses. */
  readonly digest: string;
  /** Members that take no part yet: how many of the other voters know them, of how many needed, or that they are to be added. Empty otherwise. */
  readonly admission: string;
  /** It lost part of its log and does not hold everything again: it has no vote. */
  readonly recovering: boolean;
  /** Streams and calls that were refused since the start, because they came from another cluster or incarnation or meant another node. */
  readonly strangers: number;
  /** How late the process came to what was due, within the last one or two minutes: 99 of 100 times no later than this, in microseconds. */
  readonly loopDelayP99Us: number;
  /** Likewise, the latest of all. */
  readonly loopDelayMaxUs: number;
}
/** Codec of StatusResponse. */
export const StatusResponse: Codec<IStatusResponse> = codec(
  "StatusResponse",
  writeStatusResponse,
  readStatusResponse,
);

export function writeStatusResponse(m: Encodable<IStatusResponse>, w: Writer): void {
  if (m.node !== undefined && m.node !== "") {
    w.uint32(10).string(m.node);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
  if (m.tier !== undefined && m.tier !== 0) {
    writeUint32(w.uint32(24), m.tier);
  }
  if (m.role !== undefined && m.role !== "") {
    w.uint32(34).string(m.role);
  }
  if (m.group !== undefined && m.group !== "") {
    w.uint32(42).string(m.group);
  }
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(50).string(m.cluster);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(56), m.incarnation);
  }
  if (m.state !== undefined && m.state !== "") {
    w.uint32(66).string(m.state);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(72), m.term);
  }
  if (m.leader !== undefined && m.leader !== "") {
    w.uint32(82).string(m.leader);
  }
  if (m.commitIndex !== undefined && m.commitIndex !== 0) {
    writeUint64(w.uint32(88), m.commitIndex);
  }
  if (m.appliedIndex !== undefined && m.appliedIndex !== 0) {
    writeUint64(w.uint32(96), m.appliedIndex);
  }
  if (m.firstIndex !== undefined && m.firstIndex !== 0) {
    writeUint64(w.uint32(104), m.firstIndex);
  }
  if (m.lastIndex !== undefined && m.lastIndex !== 0) {
    writeUint64(w.uint32(112), m.lastIndex);
  }
  if (m.znodes !== undefined && m.znodes !== 0) {
    writeUint64(w.uint32(120), m.znodes);
  }
  if (m.sessions !== undefined && m.sessions !== 0) {
    writeUint64(w.uint32(128), m.sessions);
  }
  if (m.watches !== undefined && m.watches !== 0) {
    writeUint64(w.uint32(136), m.watches);
  }
  if (m.connections !== undefined && m.connections !== 0) {
    writeUint64(w.uint32(144), m.connections);
  }
  if (m.partitionState !== undefined && m.partitionState !== "") {
    w.uint32(154).string(m.partitionState);
  }
  if (m.mirrors !== undefined)
    for (const item of m.mirrors) {
      w.uint32(162).fork();
      writeMirrorStatus(item, w);
      w.ldelim();
    }
  if (m.members !== undefined)
    for (const item of m.members) {
      w.uint32(170).fork();
      writeMemberProgress(item, w);
      w.ldelim();
    }
  if (m.failoverReady !== undefined && m.failoverReady !== false) {
    w.uint32(176).bool(m.failoverReady);
  }
  if (m.uptimeMs !== undefined && m.uptimeMs !== 0) {
    writeUint64(w.uint32(184), m.uptimeMs);
  }
  if (m.memoryBytes !== undefined && m.memoryBytes !== 0) {
    writeUint64(w.uint32(192), m.memoryBytes);
  }
  if (m.version !== undefined && m.version !== "") {
    w.uint32(202).string(m.version);
  }
  if (m.digest !== undefined && m.digest !== "") {
    w.uint32(210).string(m.digest);
  }
  if (m.admission !== undefined && m.admission !== "") {
    w.uint32(218).string(m.admission);
  }
  if (m.recovering !== undefined && m.recovering !== false) {
    w.uint32(224).bool(m.recovering);
  }
  if (m.strangers !== undefined && m.strangers !== 0) {
    writeUint64(w.uint32(232), m.strangers);
  }
  if (m.loopDelayP99Us !== undefined && m.loopDelayP99Us !== 0) {
    writeUint64(w.uint32(240), m.loopDelayP99Us);
  }
  if (m.loopDelayMaxUs !== undefined && m.loopDelayMaxUs !== 0) {
    writeUint64(w.uint32(248), m.loopDelayMaxUs);
  }
}

export function readStatusResponse(r: Reader): IStatusResponse {
  let nodeValue = "";
  let regionValue = "";
  let tierValue = 0;
  let roleValue = "";
  let groupValue = "";
  let clusterValue = "";
  let incarnationValue = 0;
  let stateValue = "";
  let termValue = 0;
  let leaderValue = "";
  let commitIndexValue = 0;
  let appliedIndexValue = 0;
  let firstIndexValue = 0;
  let lastIndexValue = 0;
  let znodesValue = 0;
  let sessionsValue = 0;
  let watchesValue = 0;
  let connectionsValue = 0;
  let partitionStateValue = "";
  const mirrorsValue: IMirrorStatus[] = [];
  const membersValue: IMemberProgress[] = [];
  let failoverReadyValue = false;
  let uptimeMsValue = 0;
  let memoryBytesValue = 0;
  let versionValue = "";
  let digestValue = "";
  let admissionValue = "";
  let recoveringValue = false;
  let strangersValue = 0;
  let loopDelayP99UsValue = 0;
  let loopDelayMaxUsValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      case 24:
        tierValue = r.uint32();
        break;
      case 34:
        roleValue = readString(r);
        break;
      case 42:
        groupValue = readString(r);
        break;
      case 50:
        clusterValue = readString(r);
        break;
      case 56:
        incarnationValue = readUint64(r);
        break;
      case 66:
        stateValue = readString(r);
        break;
      case 72:
        termValue = readUint64(r);
        break;
      case 82:
        leaderValue = readString(r);
        break;
      case 88:
        commitIndexValue = readUint64(r);
        break;
      case 96:
        appliedIndexValue = readUint64(r);
        break;
      case 104:
        firstIndexValue = readUint64(r);
        break;
      case 112:
        lastIndexValue = readUint64(r);
        break;
      case 120:
        znodesValue = readUint64(r);
        break;
      case 128:
        sessionsValue = readUint64(r);
        break;
      case 136:
        watchesValue = readUint64(r);
        break;
      case 144:
        connectionsValue = readUint64(r);
        break;
      case 154:
        partitionStateValue = readString(r);
        break;
      case 162:
        mirrorsValue.push(readNested(r, readMirrorStatus));
        break;
      case 170:
        membersValue.push(readNested(r, readMemberProgress));
        break;
      case 176:
        failoverReadyValue = r.uint32() !== 0;
        break;
      case 184:
        uptimeMsValue = readUint64(r);
        break;
      case 192:
        memoryBytesValue = readUint64(r);
        break;
      case 202:
        versionValue = readString(r);
        break;
      case 210:
        digestValue = readString(r);
        break;
      case 218:
        admissionValue = readString(r);
        break;
      case 224:
        recoveringValue = r.uint32() !== 0;
        break;
      case 232:
        strangersValue = readUint64(r);
        break;
      case 240:
        loopDelayP99UsValue = readUint64(r);
        break;
      case 248:
        loopDelayMaxUsValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    node: nodeValue,
    region: regionValue,
    tier: tierValue,
    role: roleValue,
    group: groupValue,
    cluster: clusterValue,
    incarnation: incarnationValue,
    state: stateValue,
    term: termValue,
    leader: leaderValue,
    commitIndex: commitIndexValue,
    appliedIndex: appliedIndexValue,
    firstIndex: firstIndexValue,
    lastIndex: lastIndexValue,
    znodes: znodesValue,
    sessions: sessionsValue,
    watches: watchesValue,
    connections: connectionsValue,
    partitionState: partitionStateValue,
    mirrors: mirrorsValue,
    members: membersValue,
    failoverReady: failoverReadyValue,
    uptimeMs: uptimeMsValue,
    memoryBytes: memoryBytesValue,
    version: versionValue,
    digest: digestValue,
    admission: admissionValue,
    recovering: recoveringValue,
    strangers: strangersValue,
    loopDelayP99Us: loopDelayP99UsValue,
    loopDelayMaxUs: loopDelayMaxUsValue,
  };
}

/** How far a mirror is. */
export interface IMirrorStatus {
  /** The mirrored cluster. */
  readonly origin: string;
  /** Index up to which it is mirrored. */
  readonly index: number;
  /** Upper bound of its age in milliseconds. */
  readonly stalenessMs: number;
  /** The stream is up. */
  readonly connected: boolean;
}
/** Codec of MirrorStatus. */
export const MirrorStatus: Codec<IMirrorStatus> = codec(
  "MirrorStatus",
  writeMirrorStatus,
  readMirrorStatus,
);

export function writeMirrorStatus(m: Encodable<IMirrorStatus>, w: Writer): void {
  if (m.origin !== undefined && m.origin !== "") {
    w.uint32(10).string(m.origin);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(16), m.index);
  }
  if (m.stalenessMs !== undefined && m.stalenessMs !== 0) {
    writeUint64(w.uint32(24), m.stalenessMs);
  }
  if (m.connected !== undefined && m.connected !== false) {
    w.uint32(32).bool(m.connected);
  }
}

export function readMirrorStatus(r: Reader): IMirrorStatus {
  let originValue = "";
  let indexValue = 0;
  let stalenessMsValue = 0;
  let connectedValue = false;
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
        stalenessMsValue = readUint64(r);
        break;
      case 32:
        connectedValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    origin: originValue,
    index: indexValue,
    stalenessMs: stalenessMsValue,
    connected: connectedValue,
  };
}

/** How far a member is, as its leader sees it. */
export interface IMemberProgress {
  /** The member. */
  readonly node: string;
  /** Highest index known to be durable there. */
  readonly matchIndex: number;
  /** probe, replicate or snapshot. */
  readonly state: string;
  /** Heard of within the last election timeout. */
  readonly active: boolean;
}
/** Codec of MemberProgress. */
export const MemberProgress: Codec<IMemberProgress> = codec(
  "MemberProgress",
  writeMemberProgress,
  readMemberProgress,
);

export function writeMemberProgress(m: Encodable<IMemberProgress>, w: Writer): void {
  if (m.node !== undefined && m.node !== "") {
    w.uint32(10).string(m.node);
  }
  if (m.matchIndex !== undefined && m.matchIndex !== 0) {
    writeUint64(w.uint32(16), m.matchIndex);
  }
  if (m.state !== undefined && m.state !== "") {
    w.uint32(26).string(m.state);
  }
  if (m.active !== undefined && m.active !== false) {
    w.uint32(32).bool(m.active);
  }
}

export function readMemberProgress(r: Reader): IMemberProgress {
  let nodeValue = "";
  let matchIndexValue = 0;
  let stateValue = "";
  let activeValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readString(r);
        break;
      case 16:
        matchIndexValue = readUint64(r);
        break;
      case 26:
        stateValue = readString(r);
        break;
      case 32:
        activeValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { node: nodeValue, matchIndex: matchIndexValue, state: stateValue, active: activeValue };
}

/** Asks for the nodes and zones. */
export type ITopologyRequest = Readonly<Record<never, never>>;
/** Codec of TopologyRequest. */
export const TopologyRequest: Codec<ITopologyRequest> = codec(
  "TopologyRequest",
  writeTopologyRequest,
  readTopologyRequest,
);

export function writeTopologyRequest(_m: Encodable<ITopologyRequest>, _w: Writer): void {}

export function readTopologyRequest(r: Reader): ITopologyRequest {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** Nodes and zones. */
export interface ITopologyResponse {
  /** All nodes. */
  readonly nodes: readonly INodeAddress[];
  /** The zone table. */
  readonly zones: readonly IZone[];
  /** Version of the zone table: version of /meridian/zones. */
  readonly zonesVersion: number;
  /** The regions that have a regional cluster. */
  readonly regions: readonly string[];
}
/** Codec of TopologyResponse. */
export const TopologyResponse: Codec<ITopologyResponse> = codec(
  "TopologyResponse",
  writeTopologyResponse,
  readTopologyResponse,
);

export function writeTopologyResponse(m: Encodable<ITopologyResponse>, w: Writer): void {
  if (m.nodes !== undefined)
    for (const item of m.nodes) {
      w.uint32(10).fork();
      writeNodeAddress(item, w);
      w.ldelim();
    }
  if (m.zones !== undefined)
    for (const item of m.zones) {
      w.uint32(18).fork();
      writeZone(item, w);
      w.ldelim();
    }
  if (m.zonesVersion !== undefined && m.zonesVersion !== 0) {
    writeUint32(w.uint32(24), m.zonesVersion);
  }
  if (m.regions !== undefined)
    for (const item of m.regions) {
      w.uint32(34).string(item);
    }
}

export function readTopologyResponse(r: Reader): ITopologyResponse {
  const nodesValue: INodeAddress[] = [];
  const zonesValue: IZone[] = [];
  let zonesVersionValue = 0;
  const regionsValue: string[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodesValue.push(readNested(r, readNodeAddress));
        break;
      case 18:
        zonesValue.push(readNested(r, readZone));
        break;
      case 24:
        zonesVersionValue = r.uint32();
        break;
      case 34:
        regionsValue.push(readString(r));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    nodes: nodesValue,
    zones: zonesValue,
    zonesVersion: zonesVersionValue,
    regions: regionsValue,
  };
}

/** Where a node is. */
export interface INodeAddress {
  /** The node. */
  readonly node: string;
  /** Its region. */
  readonly region: string;
  /** Its tier. */
  readonly tier: number;
  /** Its role. */
  readonly role: string;
  /** Its voter group. */
  readonly group: string;
  /** host:port for callers without a better one. */
  readonly address: string;
  /** host:port for callers of certain regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
  /** Cluster it belongs to or follows. */
  readonly cluster: string;
}
/** Codec of NodeAddress. */
export const NodeAddress: Codec<INodeAddress> = codec(
  "NodeAddress",
  writeNodeAddress,
  readNodeAddress,
);

export function writeNodeAddress(m: Encodable<INodeAddress>, w: Writer): void {
  if (m.node !== undefined && m.node !== "") {
    w.uint32(10).string(m.node);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
  if (m.tier !== undefined && m.tier !== 0) {
    writeUint32(w.uint32(24), m.tier);
  }
  if (m.role !== undefined && m.role !== "") {
    w.uint32(34).string(m.role);
  }
  if (m.group !== undefined && m.group !== "") {
    w.uint32(42).string(m.group);
  }
  if (m.address !== undefined && m.address !== "") {
    w.uint32(50).string(m.address);
  }
  if (m.addressFrom !== undefined)
    for (const [key, value] of Object.entries(m.addressFrom)) {
      w.uint32(58)
        .fork()
        .uint32(10)
        .string(key)
        .uint32(18)
        .string(value ?? "")
        .ldelim();
    }
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(66).string(m.cluster);
  }
}

export function readNodeAddress(r: Reader): INodeAddress {
  let nodeValue = "";
  let regionValue = "";
  let tierValue = 0;
  let roleValue = "";
  let groupValue = "";
  let addressValue = "";
  const addressFromValue: Record<string, string> = Object.create(null);
  let clusterValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      case 24:
        tierValue = r.uint32();
        break;
      case 34:
        roleValue = readString(r);
        break;
      case 42:
        groupValue = readString(r);
        break;
      case 50:
        addressValue = readString(r);
        break;
      case 58:
        readNested(r, (r) => readMapEntry(r, addressFromValue));
        break;
      case 66:
        clusterValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    node: nodeValue,
    region: regionValue,
    tier: tierValue,
    role: roleValue,
    group: groupValue,
    address: addressValue,
    addressFrom: addressFromValue,
    cluster: clusterValue,
  };
}

/** A zone. */
export interface IZone {
  /** All paths at or below it, unless a longer prefix matches. May hold {region}. */
  readonly prefix: string;
  /** strict, regional or eventual. */
  readonly consistency: string;
  /** Regional zones: the home region; may be {region}. */
  readonly home: string;
  /** Eventual zones: the rule for concurrent writes. */
  readonly conflict: string;
  /** all, none, or a list of regions. */
  readonly replicate: readonly string[];
}
/** Codec of Zone. */
export const Zone: Codec<IZone> = codec("Zone", writeZone, readZone);

export function writeZone(m: Encodable<IZone>, w: Writer): void {
  if (m.prefix !== undefined && m.prefix !== "") {
    w.uint32(10).string(m.prefix);
  }
  if (m.consistency !== undefined && m.consistency !== "") {
    w.uint32(18).string(m.consistency);
  }
  if (m.home !== undefined && m.home !== "") {
    w.uint32(26).string(m.home);
  }
  if (m.conflict !== undefined && m.conflict !== "") {
    w.uint32(34).string(m.conflict);
  }
  if (m.replicate !== undefined)
    for (const item of m.replicate) {
      w.uint32(42).string(item);
    }
}

export function readZone(r: Reader): IZone {
  let prefixValue = "";
  let consistencyValue = "";
  let homeValue = "";
  let conflictValue = "";
  const replicateValue: string[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        prefixValue = readString(r);
        break;
      case 18:
        consistencyValue = readString(r);
        break;
      case 26:
        homeValue = readString(r);
        break;
      case 34:
        conflictValue = readString(r);
        break;
      case 42:
        replicateValue.push(readString(r));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    prefix: prefixValue,
    consistency: consistencyValue,
    home: homeValue,
    conflict: conflictValue,
    replicate: replicateValue,
  };
}

/** Asks for the quotas. */
export type IQuotasRequest = Readonly<Record<never, never>>;
/** Codec of QuotasRequest. */
export const QuotasRequest: Codec<IQuotasRequest> = codec(
  "QuotasRequest",
  writeQuotasRequest,
  readQuotasRequest,
);

export function writeQuotasRequest(_m: Encodable<IQuotasRequest>, _w: Writer): void {}

export function readQuotasRequest(r: Reader): IQuotasRequest {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** The quotas of subtrees. */
export interface IQuotasResponse {
  /** In the order of their table, /meridian/quotas. */
  readonly quotas: readonly IQuotaUsage[];
  /** Cluster that tells this. Who owns the path of a quota refuses what is beyond it, and knows best what is used. */
  readonly cluster: string;
}
/** Codec of QuotasResponse. */
export const QuotasResponse: Codec<IQuotasResponse> = codec(
  "QuotasResponse",
  writeQuotasResponse,
  readQuotasResponse,
);

export function writeQuotasResponse(m: Encodable<IQuotasResponse>, w: Writer): void {
  if (m.quotas !== undefined)
    for (const item of m.quotas) {
      w.uint32(10).fork();
      writeQuotaUsage(item, w);
      w.ldelim();
    }
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(18).string(m.cluster);
  }
}

export function readQuotasResponse(r: Reader): IQuotasResponse {
  const quotasValue: IQuotaUsage[] = [];
  let clusterValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        quotasValue.push(readNested(r, readQuotaUsage));
        break;
      case 18:
        clusterValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { quotas: quotasValue, cluster: clusterValue };
}

/** A quota and what is used of it. */
export interface IQuotaUsage {
  /** Of all at or below it. */
  readonly path: string;
  /** Nodes, that of the path included; 0: any number. */
  readonly nodesMax: number;
  /** Bytes of data and of paths; 0: any number. */
  readonly bytesMax: number;
  /** Nodes that are there. */
  readonly nodes: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Nodes that were there before the quota are still being counted; nothing is refused yet. */
  readonly counting: boolean;
  /** Cluster that owns the path; empty: every region. */
  readonly owner: string;
}
/** Codec of QuotaUsage. */
export const QuotaUsage: Codec<IQuotaUsage> = codec("QuotaUsage", writeQuotaUsage, readQuotaUsage);

export function writeQuotaUsage(m: Encodable<IQuotaUsage>, w: Writer): void {
  if (m.path !== undefined && m.path !== "") {
    w.uint32(10).string(m.path);
  }
  if (m.nodesMax !== undefined && m.nodesMax !== 0) {
    writeUint64(w.uint32(16), m.nodesMax);
  }
  if (m.bytesMax !== undefined && m.bytesMax !== 0) {
    writeUint64(w.uint32(24), m.bytesMax);
  }
  if (m.nodes !== undefined && m.nodes !== 0) {
    writeUint64(w.uint32(32), m.nodes);
  }
  if (m.bytes !== undefined && m.bytes !== 0) {
    writeUint64(w.uint32(40), m.bytes);
  }
  if (m.counting !== undefined && m.counting !== false) {
    w.uint32(48).bool(m.counting);
  }
  if (m.owner !== undefined && m.owner !== "") {
    w.uint32(58).string(m.owner);
  }
}

export function readQuotaUsage(r: Reader): IQuotaUsage {
  let pathValue = "";
  let nodesMaxValue = 0;
  let bytesMaxValue = 0;
  let nodesValue = 0;
  let bytesValue = 0;
  let countingValue = false;
  let ownerValue = "";
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
        nodesValue = readUint64(r);
        break;
      case 40:
        bytesValue = readUint64(r);
        break;
      case 48:
        countingValue = r.uint32() !== 0;
        break;
      case 58:
        ownerValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    path: pathValue,
    nodesMax: nodesMaxValue,
    bytesMax: bytesMaxValue,
    nodes: nodesValue,
    bytes: bytesValue,
    counting: countingValue,
    owner: ownerValue,
  };
}

/** Hands leadership over. */
export interface ITransferLeadershipRequest {
  /** To this node; or */
  readonly node: string;
  /** to the most up-to-date voter of this region. */
  readonly region: string;
}
/** Codec of TransferLeadershipRequest. */
export const TransferLeadershipRequest: Codec<ITransferLeadershipRequest> = codec(
  "TransferLeadershipRequest",
  writeTransferLeadershipRequest,
  readTransferLeadershipRequest,
);

export function writeTransferLeadershipRequest(
  m: Encodable<ITransferLeadershipRequest>,
  w: Writer,
): void {
  if (m.node !== undefined && m.node !== "") {
    w.uint32(10).string(m.node);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
}

export function readTransferLeadershipRequest(r: Reader): ITransferLeadershipRequest {
  let nodeValue = "";
  let regionValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { node: nodeValue, region: regionValue };
}

/** Who leads now. */
export interface ITransferLeadershipResponse {
  /** The node. */
  readonly leader: string;
  /** Its region. */
  readonly region: string;
  /** How long no leader took writes, in milliseconds. */
  readonly pauseMs: number;
}
/** Codec of TransferLeadershipResponse. */
export const TransferLeadershipResponse: Codec<ITransferLeadershipResponse> = codec(
  "TransferLeadershipResponse",
  writeTransferLeadershipResponse,
  readTransferLeadershipResponse,
);

export function writeTransferLeadershipResponse(
  m: Encodable<ITransferLeadershipResponse>,
  w: Writer,
): void {
  if (m.leader !== undefined && m.leader !== "") {
    w.uint32(10).string(m.leader);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
  if (m.pauseMs !== undefined && m.pauseMs !== 0) {
    writeUint32(w.uint32(24), m.pauseMs);
  }
}

export function readTransferLeadershipResponse(r: Reader): ITransferLeadershipResponse {
  let leaderValue = "";
  let regionValue = "";
  let pauseMsValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        leaderValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      case 24:
        pauseMsValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { leader: leaderValue, region: regionValue, pauseMs: pauseMsValue };
}

/** Asks for the members of a group. */
export type IMembersRequest = Readonly<Record<never, never>>;
/** Codec of MembersRequest. */
export const MembersRequest: Codec<IMembersRequest> = codec(
  "MembersRequest",
  writeMembersRequest,
  readMembersRequest,
);

export function writeMembersRequest(_m: Encodable<IMembersRequest>, _w: Writer): void {}

export function readMembersRequest(r: Reader): IMembersRequest {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** The members of a group. */
export interface IMembersResponse {
  /** They. */
  readonly membership: IMembership | undefined;
}
/** Codec of MembersResponse. */
export const MembersResponse: Codec<IMembersResponse> = codec(
  "MembersResponse",
  writeMembersResponse,
  readMembersResponse,
);

export function writeMembersResponse(m: Encodable<IMembersResponse>, w: Writer): void {
  if (m.membership !== undefined) {
    w.uint32(10).fork();
    writeMembership(m.membership, w);
    w.ldelim();
  }
}

export function readMembersResponse(r: Reader): IMembersResponse {
  let membershipValue: IMembership | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        membershipValue = readNested(r, readMembership);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { membership: membershipValue };
}

/** Who belongs to a group. */
export interface IMembership {
  /** The cluster. */
  readonly cluster: string;
  /** Its incarnation. */
  readonly incarnation: number;
  /** Node that tells this. */
  readonly toldBy: string;
  /** Node that leads, if known. */
  readonly leader: string;
  /** Raft term. */
  readonly term: number;
  /** Voter group that leadership is kept in; empty: none. */
  readonly heldBy: string;
  /** A change is under way: it is not committed, or the configuration is joint. */
  readonly changing: boolean;
  /** Voters first, in the order of their groups; then learners. */
  readonly members: readonly IGroupMembership[];
}
/** Codec of Membership. */
export const Membership: Codec<IMembership> = codec("Membership", writeMembership, readMembership);

export function writeMembership(m: Encodable<IMembership>, w: Writer): void {
  if (m.cluster !== undefined && m.cluster !== "") {
    w.uint32(10).string(m.cluster);
  }
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(16), m.incarnation);
  }
  if (m.toldBy !== undefined && m.toldBy !== "") {
    w.uint32(26).string(m.toldBy);
  }
  if (m.leader !== undefined && m.leader !== "") {
    w.uint32(34).string(m.leader);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(40), m.term);
  }
  if (m.heldBy !== undefined && m.heldBy !== "") {
    w.uint32(50).string(m.heldBy);
  }
  if (m.changing !== undefined && m.changing !== false) {
    w.uint32(56).bool(m.changing);
  }
  if (m.members !== undefined)
    for (const item of m.members) {
      w.uint32(66).fork();
      writeGroupMembership(item, w);
      w.ldelim();
    }
}

export function readMembership(r: Reader): IMembership {
  let clusterValue = "";
  let incarnationValue = 0;
  let toldByValue = "";
  let leaderValue = "";
  let termValue = 0;
  let heldByValue = "";
  let changingValue = false;
  const membersValue: IGroupMembership[] = [];
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
        toldByValue = readString(r);
        break;
      case 34:
        leaderValue = readString(r);
        break;
      case 40:
        termValue = readUint64(r);
        break;
      case 50:
        heldByValue = readString(r);
        break;
      case 56:
        changingValue = r.uint32() !== 0;
        break;
      case 66:
        membersValue.push(readNested(r, readGroupMembership));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    cluster: clusterValue,
    incarnation: incarnationValue,
    toldBy: toldByValue,
    leader: leaderValue,
    term: termValue,
    heldBy: heldByValue,
    changing: changingValue,
    members: membersValue,
  };
}

/** A member of a group. */
export interface IGroupMembership {
  /** The node. */
  readonly node: string;
  /** Its region, if known. */
  readonly region: string;
  /** global-voter, witness, regional-voter or regional-observer. */
  readonly role: string;
  /** Voter group; of a global learner the one that it is meant for. */
  readonly group: string;
  /** host:port, if known. */
  readonly address: string;
  /** host:port for callers of certain regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
  /** voter, witness or learner; during a joint change as it will be. */
  readonly standing: string;
  /** During a joint change: it has a vote that it is about to lose. */
  readonly leaving: boolean;
  /** Told by the leader: highest index known to be durable there. */
  readonly matchIndex: number;
  /** Told by the leader: entries that it has and the member does not. */
  readonly behind: number;
  /** Told by the leader: leader, probe, replicate or snapshot. */
  readonly state: string;
  /** Told by the leader: heard of within the last election timeout. */
  readonly active: boolean;
}
/** Codec of GroupMembership. */
export const GroupMembership: Codec<IGroupMembership> = codec(
  "GroupMembership",
  writeGroupMembership,
  readGroupMembership,
);

export function writeGroupMembership(m: Encodable<IGroupMembership>, w: Writer): void {
  if (m.node !== undefined && m.node !== "") {
    w.uint32(10).string(m.node);
  }
  if (m.region !== undefined && m.region !== "") {
    w.uint32(18).string(m.region);
  }
  if (m.role !== undefined && m.role !== "") {
    w.uint32(26).string(m.role);
  }
  if (m.group !== undefined && m.group !== "") {
    w.uint32(34).string(m.group);
  }
  if (m.address !== undefined && m.address !== "") {
    w.uint32(42).string(m.address);
  }
  if (m.addressFrom !== undefined)
    for (const [key, value] of Object.entries(m.addressFrom)) {
      w.uint32(50)
        .fork()
        .uint32(10)
        .string(key)
        .uint32(18)
        .string(value ?? "")
        .ldelim();
    }
  if (m.standing !== undefined && m.standing !== "") {
    w.uint32(58).string(m.standing);
  }
  if (m.leaving !== undefined && m.leaving !== false) {
    w.uint32(64).bool(m.leaving);
  }
  if (m.matchIndex !== undefined && m.matchIndex !== 0) {
    writeUint64(w.uint32(72), m.matchIndex);
  }
  if (m.behind !== undefined && m.behind !== 0) {
    writeUint64(w.uint32(80), m.behind);
  }
  if (m.state !== undefined && m.state !== "") {
    w.uint32(90).string(m.state);
  }
  if (m.active !== undefined && m.active !== false) {
    w.uint32(96).bool(m.active);
  }
}

export function readGroupMembership(r: Reader): IGroupMembership {
  let nodeValue = "";
  let regionValue = "";
  let roleValue = "";
  let groupValue = "";
  let addressValue = "";
  const addressFromValue: Record<string, string> = Object.create(null);
  let standingValue = "";
  let leavingValue = false;
  let matchIndexValue = 0;
  let behindValue = 0;
  let stateValue = "";
  let activeValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readString(r);
        break;
      case 18:
        regionValue = readString(r);
        break;
      case 26:
        roleValue = readString(r);
        break;
      case 34:
        groupValue = readString(r);
        break;
      case 42:
        addressValue = readString(r);
        break;
      case 50:
        readNested(r, (r) => readMapEntry(r, addressFromValue));
        break;
      case 58:
        standingValue = readString(r);
        break;
      case 64:
        leavingValue = r.uint32() !== 0;
        break;
      case 72:
        matchIndexValue = readUint64(r);
        break;
      case 80:
        behindValue = readUint64(r);
        break;
      case 90:
        stateValue = readString(r);
        break;
      case 96:
        activeValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    node: nodeValue,
    region: regionValue,
    role: roleValue,
    group: groupValue,
    address: addressValue,
    addressFrom: addressFromValue,
    standing: standingValue,
    leaving: leavingValue,
    matchIndex: matchIndexValue,
    behind: behindValue,
    state: stateValue,
    active: activeValue,
  };
}

/** Changes who belongs to a group. */
export interface IChangeMembersRequest {
  /** New members: they begin as learners. `role` witness: one that is meant to be a witness. `cluster` and `tier` may be left out. */
  readonly add: readonly INodeAddress[];
  /** Learners that are to have a vote. */
  readonly promote: readonly IPromotion[];
  /** Voters that are to be learners. */
  readonly demote: readonly string[];
  /** Members that are to belong to it no longer; their names are not to be used again. */
  readonly remove: readonly string[];
}
/** Codec of ChangeMembersRequest. */
export const ChangeMembersRequest: Codec<IChangeMembersRequest> = codec(
  "ChangeMembersRequest",
  writeChangeMembersRequest,
  readChangeMembersRequest,
);

export function writeChangeMembersRequest(m: Encodable<IChangeMembersRequest>, w: Writer): void {
  if (m.add !== undefined)
    for (const item of m.add) {
      w.uint32(10).fork();
      writeNodeAddress(item, w);
      w.ldelim();
    }
  if (m.promote !== undefined)
    for (const item of m.promote) {
      w.uint32(18).fork();
      writePromotion(item, w);
      w.ldelim();
    }
  if (m.demote !== undefined)
    for (const item of m.demote) {
      w.uint32(26).string(item);
    }
  if (m.remove !== undefined)
    for (const item of m.remove) {
      w.uint32(34).string(item);
    }
}

export function readChangeMembersRequest(r: Reader): IChangeMembersRequest {
  const addValue: INodeAddress[] = [];
  const promoteValue: IPromotion[] = [];
  const demoteValue: string[] = [];
  const removeValue: string[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        addValue.push(readNested(r, readNodeAddress));
        break;
      case 18:
        promoteValue.push(readNested(r, readPromotion));
        break;
      case 26:
        demoteValue.push(readString(r));
        break;
      case 34:
        removeValue.push(readString(r));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { add: addValue, promote: promoteValue, demote: demoteValue, remove: removeValue };
}

/** A learner is to have a vote. */
export interface IPromotion {
  /** The node. */
  readonly node: string;
  /** Voter group. Empty: the one that it was added for, or the only one. */
  readonly group: string;
}
/** Codec of Promotion. */
export const Promotion: Codec<IPromotion> = codec("Promotion", writePromotion, readPromotion);

export function writePromotion(m: Encodable<IPromotion>, w: Writer): void {
  if (m.node !== undefined && m.node !== "") {
    w.uint32(10).string(m.node);
  }
  if (m.group !== undefined && m.group !== "") {
    w.uint32(18).string(m.group);
  }
}

export function readPromotion(r: Reader): IPromotion {
  let nodeValue = "";
  let groupValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        nodeValue = readString(r);
        break;
      case 18:
        groupValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { node: nodeValue, group: groupValue };
}

/** What came of a change. */
export interface IChangeMembersResponse {
  /** Afterwards. */
  readonly membership: IMembership | undefined;
  /** False: everything was so already. */
  readonly changed: boolean;
  /** Index from which on it holds; 0 when nothing was changed. */
  readonly index: number;
}
/** Codec of ChangeMembersResponse. */
export const ChangeMembersResponse: Codec<IChangeMembersResponse> = codec(
  "ChangeMembersResponse",
  writeChangeMembersResponse,
  readChangeMembersResponse,
);

export function writeChangeMembersResponse(m: Encodable<IChangeMembersResponse>, w: Writer): void {
  if (m.membership !== undefined) {
    w.uint32(10).fork();
    writeMembership(m.membership, w);
    w.ldelim();
  }
  if (m.changed !== undefined && m.changed !== false) {
    w.uint32(16).bool(m.changed);
  }
  if (m.index !== undefined && m.index !== 0) {
    writeUint64(w.uint32(24), m.index);
  }
}

export function readChangeMembersResponse(r: Reader): IChangeMembersResponse {
  let membershipValue: IMembership | undefined;
  let changedValue = false;
  let indexValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        membershipValue = readNested(r, readMembership);
        break;
      case 16:
        changedValue = r.uint32() !== 0;
        break;
      case 24:
        indexValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { membership: membershipValue, changed: changedValue, index: indexValue };
}

/** Keeps leadership in a voter group. */
export interface IHoldLeadershipRequest {
  /** The group; empty: none, leadership goes where it will. */
  readonly group: string;
}
/** Codec of HoldLeadershipRequest. */
export const HoldLeadershipRequest: Codec<IHoldLeadershipRequest> = codec(
  "HoldLeadershipRequest",
  writeHoldLeadershipRequest,
  readHoldLeadershipRequest,
);

export function writeHoldLeadershipRequest(m: Encodable<IHoldLeadershipRequest>, w: Writer): void {
  if (m.group !== undefined && m.group !== "") {
    w.uint32(10).string(m.group);
  }
}

export function readHoldLeadershipRequest(r: Reader): IHoldLeadershipRequest {
  let groupValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        groupValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { group: groupValue };
}

/** What came of it. */
export interface IHoldLeadershipResponse {
  /** Afterwards. */
  readonly membership: IMembership | undefined;
  /** False: it was so already. */
  readonly changed: boolean;
}
/** Codec of HoldLeadershipResponse. */
export const HoldLeadershipResponse: Codec<IHoldLeadershipResponse> = codec(
  "HoldLeadershipResponse",
  writeHoldLeadershipResponse,
  readHoldLeadershipResponse,
);

export function writeHoldLeadershipResponse(
  m: Encodable<IHoldLeadershipResponse>,
  w: Writer,
): void {
  if (m.membership !== undefined) {
    w.uint32(10).fork();
    writeMembership(m.membership, w);
    w.ldelim();
  }
  if (m.changed !== undefined && m.changed !== false) {
    w.uint32(16).bool(m.changed);
  }
}

export function readHoldLeadershipResponse(r: Reader): IHoldLeadershipResponse {
  let membershipValue: IMembership | undefined;
  let changedValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        membershipValue = readNested(r, readMembership);
        break;
      case 16:
        changedValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { membership: membershipValue, changed: changedValue };
}

/** Makes a voter try to lead. */
export type IStandForElectionRequest = Readonly<Record<never, never>>;
/** Codec of StandForElectionRequest. */
export const StandForElectionRequest: Codec<IStandForElectionRequest> = codec(
  "StandForElectionRequest",
  writeStandForElectionRequest,
  readStandForElectionRequest,
);

export function writeStandForElectionRequest(
  _m: Encodable<IStandForElectionRequest>,
  _w: Writer,
): void {}

export function readStandForElectionRequest(r: Reader): IStandForElectionRequest {
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {};
}

/** What came of it. */
export interface IStandForElectionResponse {
  /** Node that leads now; the one that was asked, unless another was faster. */
  readonly leader: string;
  /** Raft term. */
  readonly term: number;
}
/** Codec of StandForElectionResponse. */
export const StandForElectionResponse: Codec<IStandForElectionResponse> = codec(
  "StandForElectionResponse",
  writeStandForElectionResponse,
  readStandForElectionResponse,
);

export function writeStandForElectionResponse(
  m: Encodable<IStandForElectionResponse>,
  w: Writer,
): void {
  if (m.leader !== undefined && m.leader !== "") {
    w.uint32(10).string(m.leader);
  }
  if (m.term !== undefined && m.term !== 0) {
    writeUint64(w.uint32(16), m.term);
  }
}

export function readStandForElectionResponse(r: Reader): IStandForElectionResponse {
  let leaderValue = "";
  let termValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        leaderValue = readString(r);
        break;
      case 16:
        termValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { leader: leaderValue, term: termValue };
}

/** Puts a voter group alone in force. */
export interface IForcePromoteRequest {
  /** Region of the group; has to be that of the node that is asked. */
  readonly region: string;
  /** Has to be true: acknowledged writes that this group does not have are given up. */
  readonly acceptLoss: boolean;
}
/** Codec of ForcePromoteRequest. */
export const ForcePromoteRequest: Codec<IForcePromoteRequest> = codec(
  "ForcePromoteRequest",
  writeForcePromoteRequest,
  readForcePromoteRequest,
);

export function writeForcePromoteRequest(m: Encodable<IForcePromoteRequest>, w: Writer): void {
  if (m.region !== undefined && m.region !== "") {
    w.uint32(10).string(m.region);
  }
  if (m.acceptLoss !== undefined && m.acceptLoss !== false) {
    w.uint32(16).bool(m.acceptLoss);
  }
}

export function readForcePromoteRequest(r: Reader): IForcePromoteRequest {
  let regionValue = "";
  let acceptLossValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        regionValue = readString(r);
        break;
      case 16:
        acceptLossValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { region: regionValue, acceptLoss: acceptLossValue };
}

/** What was begun. */
export interface IForcePromoteResponse {
  /** The incarnation that begins. */
  readonly incarnation: number;
  /** Voters that begin it. */
  readonly members: readonly string[];
}
/** Codec of ForcePromoteResponse. */
export const ForcePromoteResponse: Codec<IForcePromoteResponse> = codec(
  "ForcePromoteResponse",
  writeForcePromoteResponse,
  readForcePromoteResponse,
);

export function writeForcePromoteResponse(m: Encodable<IForcePromoteResponse>, w: Writer): void {
  if (m.incarnation !== undefined && m.incarnation !== 0) {
    writeUint64(w.uint32(8), m.incarnation);
  }
  if (m.members !== undefined)
    for (const item of m.members) {
      w.uint32(18).string(item);
    }
}

export function readForcePromoteResponse(r: Reader): IForcePromoteResponse {
  let incarnationValue = 0;
  const membersValue: string[] = [];
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        incarnationValue = readUint64(r);
        break;
      case 18:
        membersValue.push(readString(r));
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { incarnation: incarnationValue, members: membersValue };
}

/** Asks for sessions. */
export interface ISessionsRequest {
  /** Those with greater ids than this, for paging. */
  readonly after: number;
  /** At most this many. 0, and more than 1,000: 1,000. */
  readonly limit: number;
}
/** Codec of SessionsRequest. */
export const SessionsRequest: Codec<ISessionsRequest> = codec(
  "SessionsRequest",
  writeSessionsRequest,
  readSessionsRequest,
);

export function writeSessionsRequest(m: Encodable<ISessionsRequest>, w: Writer): void {
  if (m.after !== undefined && m.after !== 0) {
    writeUint64(w.uint32(8), m.after);
  }
  if (m.limit !== undefined && m.limit !== 0) {
    writeUint32(w.uint32(16), m.limit);
  }
}

export function readSessionsRequest(r: Reader): ISessionsRequest {
  let afterValue = 0;
  let limitValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        afterValue = readUint64(r);
        break;
      case 16:
        limitValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { after: afterValue, limit: limitValue };
}

/** Sessions of a cluster. */
export interface ISessionsResponse {
  /** By id, ascending. */
  readonly sessions: readonly ISessionStatus[];
  /** More follow after the last one. */
  readonly more: boolean;
  /** Index that the list is of. */
  readonly appliedIndex: number;
  /** The node leads: it alone knows how long sessions have been silent. */
  readonly leads: boolean;
}
/** Codec of SessionsResponse. */
export const SessionsResponse: Codec<ISessionsResponse> = codec(
  "SessionsResponse",
  writeSessionsResponse,
  readSessionsResponse,
);

export function writeSessionsResponse(m: Encodable<ISessionsResponse>, w: Writer): void {
  if (m.sessions !== undefined)
    for (const item of m.sessions) {
      w.uint32(10).fork();
      writeSessionStatus(item, w);
      w.ldelim();
    }
  if (m.more !== undefined && m.more !== false) {
    w.uint32(16).bool(m.more);
  }
  if (m.appliedIndex !== undefined && m.appliedIndex !== 0) {
    writeUint64(w.uint32(24), m.appliedIndex);
  }
  if (m.leads !== undefined && m.leads !== false) {
    w.uint32(32).bool(m.leads);
  }
}

export function readSessionsResponse(r: Reader): ISessionsResponse {
  const sessionsValue: ISessionStatus[] = [];
  let moreValue = false;
  let appliedIndexValue = 0;
  let leadsValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        sessionsValue.push(readNested(r, readSessionStatus));
        break;
      case 16:
        moreValue = r.uint32() !== 0;
        break;
      case 24:
        appliedIndexValue = readUint64(r);
        break;
      case 32:
        leadsValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    sessions: sessionsValue,
    more: moreValue,
    appliedIndex: appliedIndexValue,
    leads: leadsValue,
  };
}

/** A session. */
export interface ISessionStatus {
  /** Its id. */
  readonly sessionId: number;
  /** Silence after which it ends, in milliseconds. */
  readonly timeoutMs: number;
  /** Ephemeral nodes that it owns. */
  readonly ephemerals: number;
  /** Highest number of a write of it that was applied. */
  readonly appliedSequence: number;
  /** Told by the leader: time since the last sign of life that it knows of, in milliseconds. */
  readonly silentMs: number;
  /** Its client is connected to the node that tells this; absent otherwise. */
  readonly connection: IClientConnection | undefined;
}
/** Codec of SessionStatus. */
export const SessionStatus: Codec<ISessionStatus> = codec(
  "SessionStatus",
  writeSessionStatus,
  readSessionStatus,
);

export function writeSessionStatus(m: Encodable<ISessionStatus>, w: Writer): void {
  if (m.sessionId !== undefined && m.sessionId !== 0) {
    writeUint64(w.uint32(8), m.sessionId);
  }
  if (m.timeoutMs !== undefined && m.timeoutMs !== 0) {
    writeUint32(w.uint32(16), m.timeoutMs);
  }
  if (m.ephemerals !== undefined && m.ephemerals !== 0) {
    writeUint32(w.uint32(24), m.ephemerals);
  }
  if (m.appliedSequence !== undefined && m.appliedSequence !== 0) {
    writeUint64(w.uint32(32), m.appliedSequence);
  }
  if (m.silentMs !== undefined && m.silentMs !== 0) {
    writeUint64(w.uint32(40), m.silentMs);
  }
  if (m.connection !== undefined) {
    w.uint32(50).fork();
    writeClientConnection(m.connection, w);
    w.ldelim();
  }
}

export function readSessionStatus(r: Reader): ISessionStatus {
  let sessionIdValue = 0;
  let timeoutMsValue = 0;
  let ephemeralsValue = 0;
  let appliedSequenceValue = 0;
  let silentMsValue = 0;
  let connectionValue: IClientConnection | undefined;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionIdValue = readUint64(r);
        break;
      case 16:
        timeoutMsValue = r.uint32();
        break;
      case 24:
        ephemeralsValue = r.uint32();
        break;
      case 32:
        appliedSequenceValue = readUint64(r);
        break;
      case 40:
        silentMsValue = readUint64(r);
        break;
      case 50:
        connectionValue = readNested(r, readClientConnection);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return {
    sessionId: sessionIdValue,
    timeoutMs: timeoutMsValue,
    ephemerals: ephemeralsValue,
    appliedSequence: appliedSequenceValue,
    silentMs: silentMsValue,
    connection: connectionValue,
  };
}

/** A connection of a client. */
export interface IClientConnection {
  /** Region that the client says it is in. */
  readonly region: string;
  /** host:port that it comes from. */
  readonly address: string;
  /** Watches on this connection. Clients may keep watches on connections without a session. */
  readonly watches: number;
}
/** Codec of ClientConnection. */
export const ClientConnection: Codec<IClientConnection> = codec(
  "ClientConnection",
  writeClientConnection,
  readClientConnection,
);

export function writeClientConnection(m: Encodable<IClientConnection>, w: Writer): void {
  if (m.region !== undefined && m.region !== "") {
    w.uint32(10).string(m.region);
  }
  if (m.address !== undefined && m.address !== "") {
    w.uint32(18).string(m.address);
  }
  if (m.watches !== undefined && m.watches !== 0) {
    writeUint32(w.uint32(24), m.watches);
  }
}

export function readClientConnection(r: Reader): IClientConnection {
  let regionValue = "";
  let addressValue = "";
  let watchesValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        regionValue = readString(r);
        break;
      case 18:
        addressValue = readString(r);
        break;
      case 24:
        watchesValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { region: regionValue, address: addressValue, watches: watchesValue };
}

/** Ends a session. */
export interface IEndSessionRequest {
  /** Its id. */
  readonly sessionId: number;
}
/** Codec of EndSessionRequest. */
export const EndSessionRequest: Codec<IEndSessionRequest> = codec(
  "EndSessionRequest",
  writeEndSessionRequest,
  readEndSessionRequest,
);

export function writeEndSessionRequest(m: Encodable<IEndSessionRequest>, w: Writer): void {
  if (m.sessionId !== undefined && m.sessionId !== 0) {
    writeUint64(w.uint32(8), m.sessionId);
  }
}

export function readEndSessionRequest(r: Reader): IEndSessionRequest {
  let sessionIdValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        sessionIdValue = readUint64(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { sessionId: sessionIdValue };
}

/** What came of it. */
export interface IEndSessionResponse {
  /** False: there was no such session. */
  readonly ended: boolean;
}
/** Codec of EndSessionResponse. */
export const EndSessionResponse: Codec<IEndSessionResponse> = codec(
  "EndSessionResponse",
  writeEndSessionResponse,
  readEndSessionResponse,
);

export function writeEndSessionResponse(m: Encodable<IEndSessionResponse>, w: Writer): void {
  if (m.ended !== undefined && m.ended !== false) {
    w.uint32(8).bool(m.ended);
  }
}

export function readEndSessionResponse(r: Reader): IEndSessionResponse {
  let endedValue = false;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        endedValue = r.uint32() !== 0;
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { ended: endedValue };
}

/** For operators and for clients that look for their way. */
export const AdminService: {
  /** How this node is. */
  readonly status: Method<IStatusRequest, IStatusResponse>;
  /** All nodes and zones, as this node knows them. */
  readonly topology: Method<ITopologyRequest, ITopologyResponse>;
  /** The quotas of subtrees, and what is used of each as the tree of this node shows it. Members of groups. */
  readonly quotas: Method<IQuotasRequest, IQuotasResponse>;
  /** Hands the leadership of this node's group to another member. Answered by the leader. */
  readonly transferLeadership: Method<ITransferLeadershipRequest, ITransferLeadershipResponse>;
  /** Sessions of this node's cluster, as this node knows them. Members that keep a tree have them. */
  readonly sessions: Method<ISessionsRequest, ISessionsResponse>;
  /**
   * Ends a session of this node's cluster, and with it its ephemeral nodes. Answered by any member that keeps a tree, when that is
   * committed. A session that does not exist has ended already.
   */
  readonly endSession: Method<IEndSessionRequest, IEndSessionResponse>;
  /** Who belongs to this node's group, as this node knows it. The leader also knows how far each is. */
  readonly members: Method<IMembersRequest, IMembersResponse>;
  /**
   * Changes who belongs to the group, everything asked for in one step. Answered by the leader, when the change is committed and
   * no joint configuration is left. What is so already is not done again, so that the same call may be repeated.
   */
  readonly changeMembers: Method<IChangeMembersRequest, IChangeMembersResponse>;
  /** Keeps leadership in one voter group, or lets it go where it will again. Answered by the leader, when that is committed. */
  readonly holdLeadership: Method<IHoldLeadershipRequest, IHoldLeadershipResponse>;
  /**
   * Makes a voter try to lead although another group holds leadership, for when that group is gone. Answered when somebody leads.
   * Refused by members that have no vote now, or that hear a leader.
   */
  readonly standForElection: Method<IStandForElectionRequest, IStandForElectionResponse>;
  /**
   * Puts the voter group of this node alone in force, as a new incarnation of the cluster, when the rest is lost. What only the rest
   * had is abandoned. Answered by a voter of the group; begun when a majority of the group has agreed to it.
   */
  readonly forcePromote: Method<IForcePromoteRequest, IForcePromoteResponse>;
} = {
  status: {
    path: "/meridian.v1.Admin/Status",
    request: StatusRequest,
    response: StatusResponse,
    requestStream: false,
    responseStream: false,
  },
  topology: {
    path: "/meridian.v1.Admin/Topology",
    request: TopologyRequest,
    response: TopologyResponse,
    requestStream: false,
    responseStream: false,
  },
  quotas: {
    path: "/meridian.v1.Admin/Quotas",
    request: QuotasRequest,
    response: QuotasResponse,
    requestStream: false,
    responseStream: false,
  },
  transferLeadership: {
    path: "/meridian.v1.Admin/TransferLeadership",
    request: TransferLeadershipRequest,
    response: TransferLeadershipResponse,
    requestStream: false,
    responseStream: false,
  },
  sessions: {
    path: "/meridian.v1.Admin/Sessions",
    request: SessionsRequest,
    response: SessionsResponse,
    requestStream: false,
    responseStream: false,
  },
  endSession: {
    path: "/meridian.v1.Admin/EndSession",
    request: EndSessionRequest,
    response: EndSessionResponse,
    requestStream: false,
    responseStream: false,
  },
  members: {
    path: "/meridian.v1.Admin/Members",
    request: MembersRequest,
    response: MembersResponse,
    requestStream: false,
    responseStream: false,
  },
  changeMembers: {
    path: "/meridian.v1.Admin/ChangeMembers",
    request: ChangeMembersRequest,
    response: ChangeMembersResponse,
    requestStream: false,
    responseStream: false,
  },
  holdLeadership: {
    path: "/meridian.v1.Admin/HoldLeadership",
    request: HoldLeadershipRequest,
    response: HoldLeadershipResponse,
    requestStream: false,
    responseStream: false,
  },
  standForElection: {
    path: "/meridian.v1.Admin/StandForElection",
    request: StandForElectionRequest,
    response: StandForElectionResponse,
    requestStream: false,
    responseStream: false,
  },
  forcePromote: {
    path: "/meridian.v1.Admin/ForcePromote",
    request: ForcePromoteRequest,
    response: ForcePromoteResponse,
    requestStream: false,
    responseStream: false,
  },
};
