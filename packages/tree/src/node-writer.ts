import type { NodeOperation } from "./command.ts";
import type { Draft } from "./draft.ts";
import type { Failure } from "./failure.ts";
import { parentOf, quote, validatePath } from "./path.ts";
import { parseQuotas, quotasPath } from "./quota-table.ts";
import type { Stat } from "./stat.ts";
import type { State } from "./state.ts";
import { utf8Text } from "./utf8.ts";
import type { Ownership } from "./zone.ts";
import { parseZones, type ZoneTable, zonesPath } from "./zone-table.ts";
import { Znode } from "./znode.ts";

/** Largest data of one node. */
const dataBytesMax: number = 1024 * 1024;

/** Prefixes that a message lists at most. */
const listedMax = 10;

/** A write of one node that was done. */
export interface Written {
  readonly path: string;
  readonly stat: Stat | undefined;
}

type Create = Extract<NodeOperation, { kind: "create" }>;

/** Applies one write in this cluster's own zones, or says why not: ZooKeeper's rules. */
export function writeNode(
  state: State,
  draft: Draft,
  session: number,
  operation: NodeOperation,
): Written | Failure {
  const { kind, path } = operation;
  const node = state.nodes.get(path);
  // A node that is there has a valid path: not looking again makes the common case faster.
  const fault = node === undefined ? validatePath(pathToCheck(operation)) : undefined;
  if (fault !== undefined) return { code: "BAD_PATH", message: fault };
  const ownership = state.zones.ownership(path);
  const refusal = refuseForeign(state, path, ownership);
  if (refusal !== undefined) return refusal;
  if (kind === "create") return create(state, draft, session, operation, ownership);
  if (node === undefined) return { code: "NO_NODE", message: `there is no node ${quote(path)}` };
  const { version } = operation;
  if (version !== -1 && version !== node.version) {
    const found = `version ${version} of ${quote(path)} was expected, it has ${node.version}`;
    return { code: "BAD_VERSION", message: found };
  }
  if (kind === "check") return { path, stat: node.stat() };
  const isEventual = ownership.cluster === undefined;
  if (kind === "delete") return remove(state, draft, node, isEventual);
  return set(state, draft, node, operation.data, isEventual);
}

/** A sequential node gets digits appended, which also complete a path that ends with a slash. */
function pathToCheck(operation: NodeOperation): string {
  return isSequential(operation) ? `${operation.path}0000000000` : operation.path;
}

function isSequential(operation: NodeOperation): boolean {
  return operation.kind === "create" && operation.mode.endsWith("sequential");
}

function refuseForeign(
  state: State,
  path: string,
  { cluster, zone }: Ownership,
): Failure | undefined {
  if (zone.prefix === "/") {
    const listed = state.zones.zones.slice(0, listedMax).map(({ prefix }) => prefix);
    const more = state.zones.zones.length > listedMax ? " and more" : "";
    const message = `${quote(path)} lies in no zone; the zones are ${listed.join(", ")}${more}`;
    return { code: "BAD_ARGUMENTS", message };
  }
  if (cluster === state.cluster) return undefined;
  if (cluster === undefined && state.cluster !== "global") return undefined;
  const owner = cluster === undefined ? "a regional cluster" : `cluster ${quote(cluster)}`;
  const message = `${quote(path)} lies in zone ${zone.prefix}, which ${owner} owns`;
  return { code: "MOVED", message: `${message}, not ${state.cluster}`, hint: cluster ?? "" };
}

function create(
  state: State,
  draft: Draft,
  session: number,
  operation: Create,
  { cluster }: Ownership,
): Written | Failure {
  const { mode, data, ttlMs, parents } = operation;
  const isEventual = cluster === undefined;
  const refusal =
    refuseCreate(operation, session, isEventual) ?? refuseData(state, operation.path, data);
  if (refusal !== undefined) return refusal;
  const parent = findParent(state, draft, operation.path, parents, isEventual);
  if (!(parent instanceof Znode)) return parent;
  const path = isSequential(operation)
    ? operation.path + String(parent.nextSequence).padStart(10, "0")
    : operation.path;
  const fault = path.length > operation.path.length + 10 ? validatePath(path) : undefined;
  if (fault !== undefined) return { code: "BAD_PATH", message: fault };
  const node = new Znode(path, draft.index, draft.timeMs);
  node.data = data;
  node.mode = mode;
  node.ttlMs = ttlMs;
  if (mode.startsWith("ephemeral")) node.owner = session;
  return insert(state, draft, parent, node, isEventual) ?? { path, stat: lastStat(draft) };
}

function insert(
  state: State,
  draft: Draft,
  parent: Znode,
  node: Znode,
  isEventual: boolean,
): Failure | undefined {
  if (state.nodes.get(node.path) !== undefined) {
    return { code: "NODE_EXISTS", message: `${quote(node.path)} exists already` };
  }
  if (parent.owner !== undefined) {
    const message = `${quote(parent.path)} is ephemeral and can have no children`;
    return { code: "NO_CHILDREN_FOR_EPHEMERALS", message };
  }
  if (!Number.isSafeInteger(parent.nextSequence + 1)) {
    const message = `${quote(parent.path)} has had as many children as can be counted`;
    return { code: "TOO_LARGE", message };
  }
  const { quotas } = state.nodes;
  const refusal = quotas.isEmpty
    ? undefined
    : quotas.refuseNode(node.path, parent, node.dataLength);
  if (refusal !== undefined) return refusal;
  if (isEventual) state.eventual.stampNew(node, draft);
  draft.create(node);
  return undefined;
}

/** The parent of a path, made together with its missing ancestors if these are wanted. */
function findParent(
  state: State,
  draft: Draft,
  child: string,
  parents: boolean,
  isEventual: boolean,
): Znode | Failure {
  const parent = state.nodes.parentOf(child);
  if (parent !== undefined) return parent;
  const path = parentOf(child);
  if (!parents) return { code: "NO_NODE", message: `the parent ${quote(path)} does not exist` };
  const above = findParent(state, draft, path, parents, isEventual);
  if (!(above instanceof Znode)) return above;
  const made = new Znode(path, draft.index, draft.timeMs);
  return insert(state, draft, above, made, isEventual) ?? made;
}

function refuseCreate(
  { path, mode, ttlMs }: Create,
  session: number,
  isEventual: boolean,
): Failure | undefined {
  if (isEventual && mode !== "persistent") {
    const message = `${mode} nodes do not exist in eventual zones: use a strict or regional zone`;
    return { code: "UNSUPPORTED", message };
  }
  if (mode.startsWith("ephemeral") && session === 0) {
    return { code: "BAD_ARGUMENTS", message: "an ephemeral node needs a session" };
  }
  if (path === quotasPath && mode !== "persistent") {
    return { code: "BAD_ARGUMENTS", message: `${quote(path)} has to be a persistent node` };
  }
  if (mode.startsWith("ttl") !== ttlMs > 0) {
    const message = `a time to live above 0 goes with ttl nodes only: found ${mode}, ${ttlMs} ms`;
    return { code: "BAD_ARGUMENTS", message };
  }
  return undefined;
}

/** Why data is too large for a node; undefined: it is not. */
export function refuseSizeOfData({ byteLength }: Uint8Array): Failure | undefined {
  if (byteLength <= dataBytesMax) return undefined;
  return { code: "TOO_LARGE", message: `data may have ${dataBytesMax} bytes, found ${byteLength}` };
}

function refuseData(state: State, path: string, data: Uint8Array): Failure | undefined {
  const tooLarge = refuseSizeOfData(data);
  if (tooLarge !== undefined) return tooLarge;
  const fault =
    path === zonesPath
      ? faultOfZones(state, data)
      : path === quotasPath
        ? faultOfQuotas(data)
        : undefined;
  return fault === undefined ? undefined : { code: "BAD_ARGUMENTS", message: fault };
}

function set(
  state: State,
  draft: Draft,
  node: Znode,
  data: Uint8Array,
  isEventual: boolean,
): Written | Failure {
  const { path } = node;
  const { quotas } = state.nodes;
  const growth = data.byteLength - node.dataLength;
  const refusal =
    refuseData(state, path, data) ??
    (quotas.isEmpty ? undefined : quotas.refuseGrowth(node, growth));
  if (refusal !== undefined) return refusal;
  draft.change(node, data, () => {
    node.count(draft.index, draft.timeMs);
    if (isEventual) state.eventual.stampChange(node, draft);
  });
  return { path, stat: lastStat(draft) };
}

/** The zone table steers every node: only a sound one gets in. */
function faultOfZones(state: State, data: Uint8Array): string | undefined {
  const table = parseZones(utf8Text(data));
  return typeof table === "string" ? table : faultOfTable(state, table);
}

/** Bytes that are no text must not pass for a table without quotas. */
function faultOfQuotas(data: Uint8Array): string | undefined {
  const text = utf8Text(data);
  if (text === "" && data.byteLength > 0) return "the table of quotas must be JSON";
  const quotas = parseQuotas(text);
  return typeof quotas === "string" ? quotas : undefined;
}

function faultOfTable(state: State, table: ZoneTable): string | undefined {
  if (table.isStructure(zonesPath)) {
    return `no zone covers ${zonesPath} any more, so that the table could never be changed again`;
  }
  for (const root of table.roots(state.founding?.regions ?? [])) {
    const fault = validatePath(root);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function remove(state: State, draft: Draft, node: Znode, isEventual: boolean): Written | Failure {
  const { path, numChildren } = node;
  if (state.fixed.has(path)) {
    const message = `${quote(path)} belongs to the zone table and cannot be deleted`;
    return { code: "BAD_ARGUMENTS", message };
  }
  if (numChildren > 0) {
    return { code: "NOT_EMPTY", message: `${quote(path)} has ${numChildren} children` };
  }
  if (isEventual) state.eventual.deleteLocal(node, draft);
  else draft.delete(node);
  return { path, stat: undefined };
}

/** The Stat that the last change tells: making it a second time would cost as much as the write. */
function lastStat(draft: Draft): Stat | undefined {
  return draft.changes.at(-1)?.stat;
}
