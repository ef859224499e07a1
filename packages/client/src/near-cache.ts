import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "./client-context.ts";
import type { ChildrenOptions, ReadOptions } from "./options.ts";
import { PositionMap, type Position } from "./position.ts";
import type { Receipt, ServedBy } from "./receipt.ts";
import type { CachedSubtree } from "./recipes/cached-subtree.ts";
import type { CachedNode } from "./recipes/subtree-table.ts";
import { NodeValue, type ChildList, type Existence } from "./result.ts";
import { defaultConsistency, originsOf, ownerOf } from "./route.ts";
import { decodeToken } from "./token.ts";

/** How to keep hot nodes near. */
export interface NearCacheOptions {
  /**
   * What is older is not given out. Default 5,000. How old the copy is at most is found out every 2
   * s, so that less than that makes many reads go to a server.
   */
  readonly maxStalenessMs?: number | undefined;
  /** More nodes end it with TOO_LARGE. Default 100,000. */
  readonly nodesMax?: number | undefined;
  /** More bytes, of data, names and what keeps them, likewise. Default 128 MiB. */
  readonly bytesMax?: number | undefined;
  /** Time for everything to be read. Default: as for operations. */
  readonly deadlineMs?: number | undefined;
  /** Ends it, at any time. */
  readonly signal?: AbortSignal | undefined;
}

const maxStalenessMsDefault = 5_000;
/** The age of the copy is asked for this often; in between it is reckoned from what was known. */
const ageMs = 10;

/**
 * Nodes that are read all the time, held in this process and kept up to date by a watch. `get` and
 * `children` answer at once, millions of times a second; eventual reads of the client below the
 * path are answered from here as well.
 *
 * An answer is never older than what the client has seen or written, nor than the bound. When that
 * is more than the copy can give, `get` and `children` throw STALE, and reads of the client go to a
 * server as they would without it.
 */
export class NearCache implements AsyncDisposable {
  readonly path: string;
  readonly #context: ClientContext;
  readonly #subtree: CachedSubtree;
  readonly #maxStalenessMs: number;
  readonly #servedBy: ServedBy;
  readonly #onClose: (cache: NearCache) => void;
  /** The client's token, as a number, when the copy was last seen to cover it. */
  #coveredVersion = -1;
  /** Up to where the copy is known to go. */
  readonly #reached = new PositionMap();
  /** Runtime clock: nothing is older than this, and when that was asked. */
  #asOfMs = -Infinity;
  #askedAtMs = -Infinity;
  /** Cluster that owns all of it; undefined when there are several. */
  #owner: string | undefined;

  /** Use `Meridian.nearCache`. */
  constructor(
    context: ClientContext,
    subtree: CachedSubtree,
    { maxStalenessMs = maxStalenessMsDefault }: NearCacheOptions,
    onClose: (cache: NearCache) => void,
  ) {
    if (!(maxStalenessMs > 0)) {
      throw new MeridianError("BAD_ARGUMENTS", "maxStalenessMs must be positive");
    }
    this.path = subtree.path;
    this.#context = context;
    this.#subtree = subtree;
    this.#maxStalenessMs = maxStalenessMs;
    this.#servedBy = Object.freeze({ region: context.topology.region, node: "", tier: "cache" });
    this.#onClose = onClose;
  }

  /** Nodes that are held. */
  get size(): number {
    return this.#subtree.size;
  }

  /** About what they take in memory. */
  get bytes(): number {
    return this.#subtree.bytes;
  }

  /** Upper bound of the age of what is held. */
  get stalenessMs(): number {
    return this.#ageMs(this.#context.runtime.nowMs());
  }

  /** It would answer now. */
  get isFresh(): boolean {
    return this.#whyNot(this.#maxStalenessMs) === undefined;
  }

  /**
   * A node, if it is there. Its data is shared by all who read it, and must not be changed.
   * @throws {MeridianError} STALE when the copy is too old, or behind what the client has seen; why
   * it ended.
   */
  get(path: string): NodeValue | undefined {
    const node = this.#nodeAt(path);
    return node === undefined ? undefined : this.#valueOf(node, node.data);
  }

  /**
   * Names below a node in the order of UTF-16 code units; undefined when there is no such node.
   * @throws {MeridianError} likewise.
   */
  children(path: string): readonly string[] | undefined {
    this.#assertFresh(path);
    return this.#subtree.children(path);
  }

  /** Whether it can answer a read of the client now. */
  answers(path: string, options: ReadOptions): boolean {
    if (!isWithin(path, this.path)) return false;
    const { performer } = this.#context;
    const consistency = options.consistency ?? defaultConsistency(performer.policyOf(path));
    if (consistency !== "eventual" || !this.#subtree.isReady) return false;
    const wanted = options.maxStalenessMs ?? Infinity;
    return this.#whyNot(Math.min(wanted, this.#maxStalenessMs)) === undefined;
  }

  /** As `Meridian.get`, for a read that it answers. */
  read(path: string): NodeValue {
    const node = this.#subtree.get(path);
    if (node === undefined) throw missing(path);
    return this.#valueOf(node, new Uint8Array(node.data));
  }

  /** As `Meridian.exists`, likewise. */
  existence(path: string): Existence {
    const stat = this.#subtree.get(path)?.stat;
    return { exists: stat !== undefined, stat, receipt: this.#receipt(path) };
  }

  /** As `Meridian.children`, likewise. */
  childList(path: string, options: ChildrenOptions): ChildList {
    const { withStats = false, withData = false, limit = Infinity, startAfter = "" } = options;
    const parent = this.#subtree.get(path);
    if (parent === undefined) throw missing(path);
    const all = this.#subtree.children(path) ?? [];
    const rest = startAfter === "" ? all : all.filter((name) => name > startAfter);
    const names = rest.slice(0, Math.ceil(limit));
    const below = path === "/" ? "/" : `${path}/`;
    const children = names.map((name) => {
      const node = this.#subtree.get(below + name);
      const data = withData && node !== undefined ? new Uint8Array(node.data) : undefined;
      return { name, stat: withStats || withData ? node?.stat : undefined, data };
    });
    const more = names.length < rest.length;
    return { names, children, stat: parent.stat, more, receipt: this.#receipt(path) };
  }

  /** Ends it: reads go to servers again, and `get` throws. */
  close(): void {
    this.#onClose(this);
    this.#subtree.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #nodeAt(path: string): CachedNode | undefined {
    this.#assertFresh(path);
    return this.#subtree.get(path);
  }

  #assertFresh(path: string): void {
    if (!isWithin(path, this.path)) {
      throw new MeridianError("BAD_ARGUMENTS", `${path} does not lie below ${this.path}`);
    }
    const why = this.#whyNot(this.#maxStalenessMs);
    if (why === undefined) return;
    // Whoever was closed, or could not hold all, says so itself.
    this.#subtree.get(this.path);
    throw new MeridianError("STALE", `the copy of ${this.path} ${why}`);
  }

  /** What forbids to answer; undefined when nothing does. */
  #whyNot(maxStalenessMs: number): string | undefined {
    const staleMs = this.#ageMs(this.#context.runtime.nowMs());
    if (!(staleMs <= maxStalenessMs)) return `may be ${Math.ceil(staleMs)} ms old`;
    if (this.#context.token.version === this.#coveredVersion) return undefined;
    return this.#coversToken() ? undefined : "is behind what the client has seen";
  }

  #ageMs(nowMs: number): number {
    if (nowMs - this.#askedAtMs >= ageMs) {
      this.#askedAtMs = nowMs;
      this.#asOfMs = nowMs - this.#subtree.stalenessMs;
      const { zones } = this.#context.topology.directory;
      this.#owner = zones.hasZonesBelow(this.path) ? undefined : this.#ownerOf(this.path);
    }
    return nowMs - this.#asOfMs;
  }

  /** What the client has seen moves with every answer, and the copy never goes back. */
  #coversToken(): boolean {
    const { token } = this.#context;
    this.#reached.addAll(decodeToken(this.#subtree.token));
    // Asked for after that: to show all of what is held is to have seen it.
    const { version } = token;
    const isCovered = token.missing(this.#origins(), this.#reached).length === 0;
    if (isCovered) this.#coveredVersion = version;
    return isCovered;
  }

  /** Clusters whose history decides what is below the path. */
  #origins(): readonly string[] {
    const { performer, topology, token } = this.#context;
    const { directory } = topology;
    if (directory.zones.hasZonesBelow(this.path)) return token.list().map(({ cluster }) => cluster);
    return originsOf(performer.policyOf(this.path), directory);
  }

  #valueOf(node: CachedNode, data: Uint8Array): NodeValue {
    return new NodeValue(node.path, data, node.stat, this.#receipt(node.path));
  }

  #receipt(path: string): Receipt {
    const staleMs = this.#ageMs(this.#context.runtime.nowMs());
    return {
      consistency: "eventual",
      servedBy: this.#servedBy,
      position: this.#positionOf(path),
      stalenessMs: Math.ceil(staleMs),
      provisional: false,
    };
  }

  #positionOf(path: string): Position {
    const cluster = this.#owner ?? this.#ownerOf(path);
    return this.#reached.get(cluster) ?? { cluster, incarnation: 0, index: 0 };
  }

  #ownerOf(path: string): string {
    const { performer, topology } = this.#context;
    return ownerOf(performer.policyOf(path), topology.directory);
  }
}

function isWithin(path: string, prefix: string): boolean {
  if (prefix === "/" || path === prefix) return true;
  return path.startsWith(prefix) && path.charCodeAt(prefix.length) === 47;
}

function missing(path: string): MeridianError {
  return new MeridianError("NO_NODE", `${path} does not exist`);
}
