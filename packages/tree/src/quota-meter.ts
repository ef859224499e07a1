import type { Operation } from "./command.ts";
import type { Failure } from "./failure.ts";
import { addHash, finishHash, type Hash, hashNumber, hashText, newHash } from "./hash.ts";
import { comparePaths, componentsMax, isWithin, parentOf, quote } from "./path.ts";
import { type Quota, quotasPath } from "./quota-table.ts";
import { utf8Length } from "./utf8.ts";
import type { Znode } from "./znode.ts";

/** The nodes that are counted: see `NodeStore`. */
interface Countable {
  get(path: string): Znode | undefined;
  walk(after: string, visit: (node: Znode) => boolean): boolean;
}

/** A quota and what is used of it. */
export interface QuotaUsage extends Quota {
  readonly nodes: number;
  readonly bytes: number;
  /** Nodes that were there before the quota are still being counted: nothing is refused yet. */
  readonly isCounting: boolean;
}

/** A quota as it stands in a snapshot; what is used of it follows from the nodes. */
export interface QuotaRecord extends Quota {
  /** Paths up to this one, in tree order, are counted; "": none, undefined: all. */
  readonly countedTo: string | undefined;
}

/** Digits of a sequential name. */
const digitsMax = 16;

/** Writes here are never refused: they may be what gives room. */
const exempt = parentOf(quotasPath);

/**
 * What is used of each quota. Kept up with every change of a node, whoever made it; without quotas
 * that costs nothing. What was there before a quota is counted in portions: at every moment all up
 * to some path is counted, and changes behind it are left to be found there.
 */
export class QuotaMeter {
  #meters = new Map<string, Meter>();

  /** No quota is in force. */
  get isEmpty(): boolean {
    return this.#meters.size === 0;
  }

  /** Nodes that were there before their quota have not all been counted. */
  get isCounting(): boolean {
    for (const { countedTo } of this.#meters.values()) if (countedTo !== undefined) return true;
    return false;
  }

  /** The quotas in the order of the table, as of now. */
  usages(): readonly QuotaUsage[] {
    return [...this.#meters.values()].map(({ quota, nodes, bytes, countedTo }) => {
      return { ...quota, nodes, bytes, isCounting: countedTo !== undefined };
    });
  }

  records(): readonly QuotaRecord[] {
    return [...this.#meters.values()].map(({ quota, countedTo }) => ({ ...quota, countedTo }));
  }

  /** Puts these quotas in force. Those whose path had one before go on with what was counted. */
  replace(quotas: readonly Quota[]): void {
    const before = this.#meters;
    this.#meters = new Map(
      quotas.map((quota) => {
        const known = before.get(quota.path) ?? { nodes: 0, bytes: 0, countedTo: "" };
        return [quota.path, { ...known, quota }];
      }),
    );
  }

  /** Puts back what a snapshot kept, before its nodes. */
  restore({ countedTo, ...quota }: QuotaRecord): void {
    this.#meters.set(quota.path, { quota, nodes: 0, bytes: 0, countedTo });
  }

  /** Counts nodes that were there before their quota, at most so many. */
  count(nodes: Countable, nodesMax: number): void {
    let left = nodesMax;
    for (const meter of this.#meters.values()) {
      if (meter.countedTo !== undefined && left > 0) left -= countOn(meter, nodes, left);
    }
  }

  /** A node was added, or is about to go (`sign` -1). It has its parent. */
  note(node: Znode, sign: 1 | -1): void {
    const bytes = utf8Length(node.path) + node.dataLength;
    this.#add(node, sign, sign * bytes);
  }

  /** The data of a node grew by so many bytes. */
  noteGrowth(node: Znode, bytes: number): void {
    this.#add(node, 0, bytes);
  }

  /** Why a client may not add a node with data below a parent; undefined: there is room. */
  refuseNode(path: string, parent: Znode, dataBytes: number): Failure | undefined {
    if (isWithin(path, exempt)) return undefined;
    const bytes = utf8Length(path) + dataBytes;
    const own = this.#meters.get(path);
    const refusal = own === undefined ? undefined : refuse(own, path, 1, bytes);
    return refusal ?? this.#refuse(parent, path, 1, bytes);
  }

  /** Why a client may not let the data of a node grow; undefined: there is room. */
  refuseGrowth(node: Znode, bytes: number): Failure | undefined {
    if (bytes <= 0 || isWithin(node.path, exempt)) return undefined;
    return this.#refuse(node, node.path, 0, bytes);
  }

  /** False when there is certainly room for so much at a path, whether there is a node or not. */
  isTight(path: string, nodes: number, bytes: number): boolean {
    for (let at = path; ; at = parentOf(at)) {
      const meter = this.#meters.get(at);
      if (meter !== undefined && refuse(meter, path, nodes, bytes) !== undefined) return true;
      if (at === "/") return false;
    }
  }

  hash(): Hash {
    const sum: Hash = { low: 0, high: 0 };
    for (const { quota, nodes, bytes, countedTo } of this.#meters.values()) {
      const hash = newHash();
      hashText(hash, quota.path);
      hashText(hash, countedTo ?? "all");
      for (const part of [quota.nodesMax ?? 0, quota.bytesMax ?? 0, nodes, bytes]) {
        hashNumber(hash, part);
      }
      finishHash(hash);
      addHash(sum, hash);
    }
    return sum;
  }

  #add(node: Znode, nodes: number, bytes: number): void {
    for (let at: Znode | undefined = node; at !== undefined; at = at.parent) {
      const meter = this.#meters.get(at.path);
      if (meter === undefined || !isCounted(meter, node.path)) continue;
      meter.nodes += nodes;
      meter.bytes += bytes;
    }
  }

  #refuse(from: Znode, path: string, nodes: number, bytes: number): Failure | undefined {
    for (let at: Znode | undefined = from; at !== undefined; at = at.parent) {
      const meter = this.#meters.get(at.path);
      const refusal = meter === undefined ? undefined : refuse(meter, path, nodes, bytes);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}

/** False when a write would certainly not be beyond a quota now, whatever else it may be. */
export function isTight(
  nodes: Pick<Countable, "get">,
  quotas: QuotaMeter,
  operation: Operation,
): boolean {
  if (operation.kind === "set") {
    const held = nodes.get(operation.path)?.dataLength ?? 0;
    const growth = operation.data.byteLength - held;
    return growth > 0 && quotas.isTight(operation.path, 0, growth);
  }
  return isTightFor(quotas, operation);
}

/** Likewise, however much of what it replaces is there already. */
function isTightFor(quotas: QuotaMeter, operation: Operation): boolean {
  const parts = operation.kind === "multi" ? operation.operations : [operation];
  let [nodes, bytes] = [0, 0];
  for (const part of parts) {
    if (part.kind === "create") nodes += part.parents ? componentsMax : 1;
    if (part.kind !== "create" && part.kind !== "set") continue;
    // Ancestors that are made take at most as much as the path itself each.
    const path = utf8Length(part.path) + digitsMax;
    bytes +=
      part.data.byteLength + path * (part.kind === "create" && part.parents ? componentsMax : 1);
  }
  return parts.some((part) => {
    const adds = part.kind === "create" || part.kind === "set";
    return adds && quotas.isTight(part.path, nodes, bytes);
  });
}

interface Meter {
  readonly quota: Quota;
  nodes: number;
  bytes: number;
  /** As in `QuotaRecord`. */
  countedTo: string | undefined;
}

function isCounted({ countedTo }: Meter, path: string): boolean {
  return countedTo === undefined || comparePaths(path, countedTo) <= 0;
}

/** Counts at most `nodesMax` nodes more, and tells how many it looked at. */
function countOn(meter: Meter, nodes: Countable, nodesMax: number): number {
  const { path } = meter.quota;
  let looked = 0;
  const look = (node: Znode): boolean => {
    // In tree order a subtree is one stretch: what is not in it comes after all of it.
    if (looked === nodesMax || !isWithin(node.path, path)) return false;
    looked += 1;
    meter.nodes += 1;
    meter.bytes += utf8Length(node.path) + node.dataLength;
    meter.countedTo = node.path;
    return true;
  };
  const root = meter.countedTo === "" ? nodes.get(path) : undefined;
  if (root !== undefined) look(root);
  const { countedTo = path } = meter;
  if (countedTo !== "") nodes.walk(countedTo, look);
  if (looked < nodesMax) meter.countedTo = undefined;
  return Math.max(1, looked);
}

function refuse(
  { quota, nodes, bytes, countedTo }: Meter,
  path: string,
  moreNodes: number,
  moreBytes: number,
): Failure | undefined {
  if (countedTo !== undefined) return undefined;
  const { nodesMax = Infinity, bytesMax = Infinity } = quota;
  const of = `the quota of ${quote(quota.path)} is`;
  if (moreNodes > 0 && nodes + moreNodes > nodesMax) {
    const message = `${of} ${nodesMax} nodes and ${nodes} are there: no room for ${quote(path)}`;
    return { code: "QUOTA_EXCEEDED", message };
  }
  if (bytes + moreBytes <= bytesMax) return undefined;
  const found = `${bytes} are used and ${quote(path)} would take ${moreBytes} more`;
  return { code: "QUOTA_EXCEEDED", message: `${of} ${bytesMax} bytes: ${found}` };
}
