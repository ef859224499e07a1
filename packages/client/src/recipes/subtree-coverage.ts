import type { Position } from "../position.ts";
import { nameOf, parentOf } from "./subtree-table.ts";

interface Page {
  /** Names up to this one, which is included; undefined: all that are left. */
  readonly upTo: string | undefined;
  readonly position: Position;
}

/**
 * Up to where in history each part of a subtree was read. Events that come later and lie before
 * that are in what was read already: applied once more they would lead back in time.
 */
export class SubtreeCoverage {
  readonly #pages = new Map<string, Page[]>();
  #root: Position | undefined;
  readonly #rootPath: string;
  /** The latest place of each cluster that anything was read at. */
  readonly #latest = new Map<string, Position>();

  constructor(rootPath: string) {
    this.#rootPath = rootPath;
  }

  /** The root itself was read. */
  noteRoot(position: Position): void {
    this.#root = position;
    this.#note(position);
  }

  /** Names of a node were read, in ascending order and a page at a time. */
  notePage(path: string, upTo: string | undefined, position: Position): void {
    const pages = this.#pages.get(path);
    if (pages === undefined) this.#pages.set(path, [{ upTo, position }]);
    else pages.push({ upTo, position });
    this.#note(position);
  }

  /** Whether what happened to a node at a position is in what was read. */
  covers(path: string, position: Position): boolean {
    return lies(position, this.#asOf(path));
  }

  /**
   * Whether what a node says of its children, in its Stat, includes what happened at a position.
   */
  coversStat(path: string, position: Position): boolean {
    return lies(position, this.#pages.get(path)?.at(-1)?.position ?? this.#asOf(path));
  }

  /** Nothing at or after a position of this cluster is covered: it can be forgotten, if all are. */
  passed(position: Position): boolean {
    const latest = this.#latest.get(position.cluster);
    if (latest !== undefined && !lies(position, latest)) this.#latest.delete(position.cluster);
    return this.#latest.size === 0;
  }

  /** As of when it is known whether a node is there, and what is in it. */
  #asOf(path: string): Position | undefined {
    if (path === this.#rootPath) return this.#root;
    const above = parentOf(path);
    if (above === "") return undefined;
    const pages = this.#pages.get(above);
    // What lies below a node that was not listed had none then, or was not there itself.
    if (pages === undefined) return this.#asOf(above);
    const name = nameOf(path);
    return pages.find(({ upTo }) => upTo === undefined || name <= upTo)?.position;
  }

  #note(position: Position): void {
    const known = this.#latest.get(position.cluster);
    if (known === undefined || known.index < position.index) {
      this.#latest.set(position.cluster, position);
    }
  }
}

/**
 * Whether a position is at or before another, of the same history. Index 0, that of the parts of a
 * snapshot, has no place in any.
 */
function lies(position: Position, asOf: Position | undefined): boolean {
  if (asOf === undefined || position.cluster !== asOf.cluster || position.index === 0) return false;
  return position.incarnation === asOf.incarnation && position.index <= asOf.index;
}
