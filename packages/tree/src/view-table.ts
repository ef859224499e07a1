import type { NodeView } from "./node-view.ts";
import type { Znode } from "./znode.ts";

/** The views that are being read. Those that nobody reads any more are given up under pressure. */
export class ViewTable {
  /** The one that was read last comes last. */
  readonly #views = new Set<NodeView>();
  readonly #keptMax: number;
  #keptSinceCount = 0;

  /** All views together may hold `keptMax` copies more than there are nodes. */
  constructor(keptMax: number) {
    this.#keptMax = keptMax;
  }

  /** A view is still in use. */
  noteRead(view: NodeView): void {
    this.#views.delete(view);
    this.#views.add(view);
  }

  /** Lets each view that has not read a node, which is about to change, keep it as it is. */
  keep(node: Znode, nodeCount: number): void {
    for (const view of this.#views) {
      if (view.ended) this.#views.delete(view);
      else if (node.touched < view.moment) view.keep(node);
    }
    this.#keptSinceCount += this.#views.size;
    if (this.#keptSinceCount > this.#keptMax) this.#relieve(this.#keptMax + nodeCount);
  }

  /** Gives up views that were not read for the longest time until the others hold few enough. */
  #relieve(max: number): void {
    let kept = 0;
    for (const view of this.#views) kept += view.keptCount;
    for (const view of this.#views) {
      if (kept <= max) break;
      kept -= view.keptCount;
      view.lose();
      this.#views.delete(view);
    }
    this.#keptSinceCount = 0;
  }
}
