import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import { childrenDraft, existsDraft, getDraft } from "../draft.ts";
import type { DraftRequest } from "../request.ts";
import { childPage, existence, nodeValue, type Answer, type ChildList } from "../result.ts";
import type { ReadConsistency } from "../route.ts";
import { Patience } from "./patience.ts";
import { hasCode, mayPass } from "./retry.ts";
import { SubtreeCoverage } from "./subtree-coverage.ts";
import { childOf, SubtreeTable } from "./subtree-table.ts";

/** Names of one page. */
const pageMax = 1_000;
/** Directories that are listed at the same time. */
const readersMax = 8;

/** What to load, and how much of it at most. */
export interface LoadOptions {
  readonly path: string;
  readonly consistency: Exclude<ReadConsistency, "quorum">;
  readonly nodesMax: number;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

/** A subtree as it was read, node by node, while it went on changing. */
export interface Loaded {
  readonly table: SubtreeTable;
  readonly coverage: SubtreeCoverage;
  /** Runtime clock: nothing of it is older. */
  readonly asOfMs: number;
}

/** Reads a whole subtree. Failures that pass are waited for. */
export class SubtreeLoader {
  readonly #context: ClientContext;
  readonly #options: LoadOptions;
  readonly #table = new SubtreeTable();
  readonly #coverage: SubtreeCoverage;
  readonly #directories: string[] = [];
  #asOfMs = Infinity;

  constructor(context: ClientContext, options: LoadOptions) {
    this.#context = context;
    this.#options = options;
    this.#coverage = new SubtreeCoverage(options.path);
  }

  /**
   * Reads at least the state that the client's token stands for.
   * @throws {MeridianError} TOO_LARGE beyond the bounds; what forbids to read; the reason of the
   * signal.
   */
  async load(): Promise<Loaded> {
    await this.#loadRoot();
    await this.#loadDirectories();
    return { table: this.#table, coverage: this.#coverage, asOfMs: this.#asOfMs };
  }

  async #loadRoot(): Promise<void> {
    const { path } = this.#options;
    for (;;) {
      const { exists, receipt } = existence(await this.#read(path, () => existsDraft(path)));
      if (!exists) {
        this.#coverage.noteRoot(receipt.position);
        return;
      }
      try {
        const root = nodeValue(await this.#read(path, () => getDraft(path)));
        this.#table.put(path, root.data, root.stat);
        this.#coverage.noteRoot(root.receipt.position);
        if (root.stat.numChildren > 0) this.#directories.push(path);
        return;
      } catch (error) {
        if (!hasCode(error, "NO_NODE")) throw error;
      }
    }
  }

  async #loadDirectories(): Promise<void> {
    const open = new Set<Promise<void>>();
    for (;;) {
      for (let path = this.#directories.pop(); path !== undefined; path = this.#next(open)) {
        const reading = this.#loadDirectory(path).finally(() => open.delete(reading));
        reading.catch(() => undefined); // The race below hears of the first failure.
        open.add(reading);
      }
      if (open.size === 0) return;
      await Promise.race(open);
    }
  }

  #next(open: ReadonlySet<Promise<void>>): string | undefined {
    return open.size < readersMax ? this.#directories.pop() : undefined;
  }

  async #loadDirectory(path: string): Promise<void> {
    for (let after = ""; ;) {
      const page = await this.#readPage(path, after);
      // Gone meanwhile: the watch tells when.
      if (page === undefined) return;
      for (const child of page.children) {
        if (child.stat === undefined) continue;
        const own = childOf(path, child.name);
        this.#table.put(own, child.data ?? empty, child.stat);
        if (child.stat.numChildren > 0) this.#directories.push(own);
      }
      const last = page.more ? page.names.at(-1) : undefined;
      this.#coverage.notePage(path, last, page.receipt.position);
      this.#assertBounds();
      if (last !== undefined) {
        after = last;
        continue;
      }
      const node = this.#table.get(path);
      // What a node says of its children has to be as new as the names that were read.
      if (node !== undefined && node.stat.czxid === page.stat.czxid) {
        this.#table.put(path, node.data, { ...page.stat, ...ownPart(node.stat) });
      }
      return;
    }
  }

  async #readPage(path: string, after: string): Promise<ChildList | undefined> {
    const page = { withStats: true, withData: true, limit: pageMax, after };
    try {
      return childPage(await this.#read(path, () => childrenDraft(path, page)), true);
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return undefined;
      throw error;
    }
  }

  async #read(path: string, draft: () => DraftRequest): Promise<Answer> {
    const { performer, runtime } = this.#context;
    const { consistency, signal } = this.#options;
    const patience = new Patience(runtime);
    for (;;) {
      signal.throwIfAborted();
      const sentAtMs = runtime.nowMs();
      try {
        const reading = { path, consistency, maxStalenessMs: undefined, signal, draft };
        const answer = await performer.read(reading);
        this.#asOfMs = Math.min(this.#asOfMs, sentAtMs - answer.response.stalenessMs);
        return answer;
      } catch (error) {
        if (!mayPass(error)) throw error;
        await patience.wait(error, signal);
      }
    }
  }

  #assertBounds(): void {
    const { path, nodesMax, bytesMax } = this.#options;
    assertBounds(path, this.#table, nodesMax, bytesMax);
  }
}

/** @throws {MeridianError} TOO_LARGE when a table holds more than it may. */
export function assertBounds(
  path: string,
  table: SubtreeTable,
  nodesMax: number,
  bytesMax: number,
): void {
  if (table.size <= nodesMax && table.bytes <= bytesMax) return;
  const found = `${table.size} nodes and about ${table.bytes} bytes`;
  const message = `${path} has ${found}; it may have ${nodesMax} and ${bytesMax} to be cached`;
  throw new MeridianError("TOO_LARGE", message);
}

/** The part of a Stat that tells of the node's own data, not of its children. */
function ownPart(stat: {
  readonly mzxid: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly dataLength: number;
}): object {
  const { mzxid, mtimeMs, version, dataLength } = stat;
  return { mzxid, mtimeMs, version, dataLength };
}

const empty = new Uint8Array(0);
