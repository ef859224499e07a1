import type { NodeOperation } from "./command.ts";
import type { Draft } from "./draft.ts";
import type { EventualZones } from "./eventual-zones.ts";
import type { Failure } from "./failure.ts";
import type { NodeStore } from "./node-store.ts";
import { nameOf, parentOf, validatePath } from "./path.ts";
import type { Stat } from "./stat.ts";
import type { Ownership } from "./zone.ts";
import { parseZones, type ZoneTable, zonesPath } from "./zone-table.ts";
import { nothing, Znode } from "./znode.ts";

/** Largest data of one node. */
export const dataBytesMax: number = 1024 * 1024;

/** What the writer needs to know of the tree. */
export interface WriterContext {
  readonly nodes: NodeStore;
  readonly zones: ZoneTable;
  readonly cluster: string;
  readonly eventual: EventualZones;
  /** Nodes that exist because of the zone table: nobody deletes them. */
  readonly fixed: ReadonlySet<string>;
}

/** A write of one node that was done. */
export interface Written {
  readonly path: string;
  readonly stat: Stat | undefined;
}

/** Applies one write of a client in this cluster's own zones, or says why not. ZooKeeper's rules. */
export function writeNode(
  context: WriterContext,
  draft: Draft,
  session: number,
  operation: NodeOperation,
): Written | Failure {
  const fault = validatePath(pathToCheck(operation));
  if (fault !== undefined) return { code: "BAD_PATH", message: fault };
  const ownership = context.zones.ownership(operation.path);
  const refused = refuseForeign(context, operation.path, ownership);
  if (refused !== undefined) return refused;
  switch (operation.kind) {
    case "create":
      return create(context, draft, session, operation, ownership);
    case "set":
      return set(context, draft, operation, ownership);
    case "delete":
      return remove(context, draft, operation, ownership);
    case "check":
      return check(context, operation);
  }
}

function pathToCheck(operation: NodeOperation): string {
  const sequential = operation.kind === "create" && operation.mode.endsWith("sequential");
  return sequential ? `${operation.path}0000000000` : operation.path;
}

function refuseForeign(
  context: WriterContext,
  path: string,
  { cluster, zone }: Ownership,
): Failure | undefined {
  if (zone.prefix === "/") {
    const prefixes = context.zones.zones.map(({ prefix }) => prefix).join(", ");
    return { code: "BAD_ARGUMENTS", message: `${path} lies in no zone; the zones are ${prefixes}` };
  }
  if (cluster === context.cluster) return undefined;
  if (cluster === undefined && context.cluster !== "global") return undefined;
  const owner = cluster === undefined ? "a regional cluster" : `cluster ${cluster}`;
  const message = `${path} lies in zone ${zone.prefix}, which ${owner} owns, not ${context.cluster}`;
  return { code: "MOVED", message, hint: cluster ?? "" };
}

function create(
  context: WriterContext,
  draft: Draft,
  session: number,
  operation: Extract<NodeOperation, { kind: "create" }>,
  { cluster }: Ownership,
): Written | Failure {
  const { mode, data, ttlMs } = operation;
  const refused = refuseCreate(operation, session, cluster === undefined);
  if (refused !== undefined) return refused;
  const parentPath = parentOf(operation.path);
  const missing = missingAncestors(context.nodes, parentPath);
  if (missing.length > 0 && !operation.parents) {
    return { code: "NO_NODE", message: `the parent ${parentPath} does not exist` };
  }
  for (const path of missing) {
    const refusal = insert(
      context,
      draft,
      new Znode(path, nothing, "persistent", draft.index, draft.timeMs),
      cluster,
    );
    if (refusal !== undefined) return refusal;
  }
  const parent = context.nodes.get(parentPath);
  const suffix = mode.endsWith("sequential")
    ? String(parent?.nextSequence ?? 0).padStart(10, "0")
    : "";
  const path = operation.path + suffix;
  const node = new Znode(path, data, mode, draft.index, draft.timeMs);
  node.ttlMs = ttlMs;
  if (mode.startsWith("ephemeral")) node.ephemeralOwner = session;
  const refusal = insert(context, draft, node, cluster);
  return refusal ?? { path, stat: node.stat() };
}

function insert(
  context: WriterContext,
  draft: Draft,
  node: Znode,
  cluster: string | undefined,
): Failure | undefined {
  const { path } = node;
  if (context.nodes.get(path) !== undefined) {
    return { code: "NODE_EXISTS", message: `${path} exists already` };
  }
  const parent = context.nodes.get(parentOf(path));
  if (parent !== undefined && parent.ephemeralOwner !== 0) {
    const message = `${parent.path} is ephemeral and can have no children`;
    return { code: "NO_CHILDREN_FOR_EPHEMERALS", message };
  }
  if (cluster === undefined) context.eventual.stampNew(node, draft);
  draft.create(node);
  return undefined;
}

function refuseCreate(
  operation: Extract<NodeOperation, { kind: "create" }>,
  session: number,
  eventual: boolean,
): Failure | undefined {
  const { mode, data, ttlMs, path } = operation;
  if (nameOf(path) === "" && !mode.endsWith("sequential")) {
    return { code: "NODE_EXISTS", message: "/ exists already" };
  }
  if (eventual && mode !== "persistent") {
    const message = `${mode} nodes do not exist in eventual zones: use a strict or regional zone`;
    return { code: "UNSUPPORTED", message };
  }
  if (mode.startsWith("ephemeral") && session === 0) {
    return { code: "BAD_ARGUMENTS", message: "an ephemeral node needs a session" };
  }
  if (mode.startsWith("ttl") && ttlMs <= 0) {
    return { code: "BAD_ARGUMENTS", message: "a ttl node needs a time to live above 0" };
  }
  return refuseData(path, data);
}

function refuseData(path: string, data: Uint8Array): Failure | undefined {
  if (data.byteLength <= dataBytesMax) return undefined;
  const message = `data may have ${dataBytesMax} bytes: ${path} would have ${data.byteLength}`;
  return { code: "TOO_LARGE", message };
}

/** Ancestors of a path, itself included, that do not exist; outermost first. */
function missingAncestors(nodes: NodeStore, path: string): string[] {
  const missing: string[] = [];
  for (let at = path; nodes.get(at) === undefined; at = parentOf(at)) missing.unshift(at);
  return missing;
}

function set(
  context: WriterContext,
  draft: Draft,
  operation: Extract<NodeOperation, { kind: "set" }>,
  { cluster }: Ownership,
): Written | Failure {
  const { path, data } = operation;
  const node = find(context, path, operation.version);
  if (!(node instanceof Znode)) return node;
  const refused = refuseData(path, data) ?? refuseZones(path, data);
  if (refused !== undefined) return refused;
  draft.change(node, data, () => {
    node.version += 1;
    node.mzxid = draft.index;
    node.mtimeMs = draft.timeMs;
    if (cluster === undefined) context.eventual.stampChange(node, draft);
  });
  return { path, stat: node.stat() };
}

/** The zone table steers every node: only a sound one gets in. */
function refuseZones(path: string, data: Uint8Array): Failure | undefined {
  if (path !== zonesPath) return undefined;
  const table = parseZones(utf8Text(data));
  return typeof table === "string" ? { code: "BAD_ARGUMENTS", message: table } : undefined;
}

/** Text of UTF-8 bytes, without anything from outside the language. */
export function utf8Text(bytes: Uint8Array): string {
  let encoded = "";
  for (const byte of bytes) encoded += `%${byte.toString(16).padStart(2, "0")}`;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return "";
  }
}

function remove(
  context: WriterContext,
  draft: Draft,
  operation: Extract<NodeOperation, { kind: "delete" }>,
  { cluster }: Ownership,
): Written | Failure {
  const node = find(context, operation.path, operation.version);
  if (!(node instanceof Znode)) return node;
  if (context.fixed.has(node.path)) {
    const message = `${node.path} belongs to the zone table and cannot be deleted`;
    return { code: "BAD_ARGUMENTS", message };
  }
  if (node.numChildren > 0) {
    return { code: "NOT_EMPTY", message: `${node.path} has ${node.numChildren} children` };
  }
  if (cluster === undefined) context.eventual.deleteLocal(node, draft);
  else draft.delete(node);
  return { path: node.path, stat: undefined };
}

function check(
  context: WriterContext,
  operation: Extract<NodeOperation, { kind: "check" }>,
): Written | Failure {
  const node = find(context, operation.path, operation.version);
  return node instanceof Znode ? { path: node.path, stat: node.stat() } : node;
}

function find(context: WriterContext, path: string, version: number): Znode | Failure {
  const node = context.nodes.get(path);
  if (node === undefined) return { code: "NO_NODE", message: `there is no node ${path}` };
  if (version === -1 || version === node.version) return node;
  const message = `version ${version} of ${path} was expected, it has version ${node.version}`;
  return { code: "BAD_VERSION", message };
}
