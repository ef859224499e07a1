import type { Span } from "./search.ts";

/**
 * Beginnings and ends of the operations that have no place yet, in the order in which they came: a
 * doubly linked list in arrays. Node `2 * operation` is a beginning, the odd one behind it the end.
 */
export class Order {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  readonly #hasEnd: Uint8Array;
  readonly #isPlaced: Uint8Array;

  constructor(spans: readonly Span[]) {
    const { length } = spans;
    this.#head = length * 2;
    this.#next = new Int32Array(length * 2 + 1).fill(end);
    this.#previous = new Int32Array(length * 2 + 1).fill(end);
    this.#hasEnd = Uint8Array.from(spans, ({ returned }) => (Number.isFinite(returned) ? 1 : 0));
    this.#isPlaced = new Uint8Array(length);
    let last = this.#head;
    for (const node of nodesInOrder(spans)) {
      this.#next[last] = node;
      this.#previous[node] = last;
      last = node;
    }
  }

  /** The first node; `end` when there is none. */
  get first(): number {
    return this.next(this.#head);
  }

  next(node: number): number {
    return this.#next[node] ?? end;
  }

  /** The node behind the beginning of an operation. */
  after(operation: number): number {
    return this.next(operation * 2);
  }

  /** Whether it is the beginning of an operation: not an end, nor the end of the list. */
  isBeginning(node: number): boolean {
    return node !== end && node % 2 === 0;
  }

  operation(node: number): number {
    return node >> 1;
  }

  isPlaced(operation: number): boolean {
    return this.#isPlaced[operation] === 1;
  }

  /**
   * Takes both nodes of an operation out. They keep their neighbours in mind, so that a walk that
   * stands on the beginning goes on behind it.
   */
  lift(operation: number): void {
    this.#isPlaced[operation] = 1;
    if (this.#hasEnd[operation] === 1) this.#unlink(operation * 2 + 1);
    this.#unlink(operation * 2);
  }

  /** Puts the operation back that was lifted last. */
  unlift(operation: number): void {
    this.#link(operation * 2);
    if (this.#hasEnd[operation] === 1) this.#link(operation * 2 + 1);
    this.#isPlaced[operation] = 0;
  }

  #unlink(node: number): void {
    const next = this.#next[node] ?? end;
    const previous = this.#previous[node] ?? end;
    this.#next[previous] = next;
    if (next !== end) this.#previous[next] = previous;
  }

  #link(node: number): void {
    const next = this.#next[node] ?? end;
    const previous = this.#previous[node] ?? end;
    this.#next[previous] = node;
    if (next !== end) this.#previous[next] = node;
  }
}

const end = -1;

function nodesInOrder(spans: readonly Span[]): number[] {
  const ends = spans
    .map(({ returned }, operation) => ({ returned, node: operation * 2 + 1 }))
    .filter(({ returned }) => Number.isFinite(returned))
    .sort((one, other) => one.returned - other.returned);
  const nodes: number[] = [];
  let ended = 0;
  spans.forEach(({ invoked }, operation) => {
    for (; (ends[ended]?.returned ?? Number.POSITIVE_INFINITY) < invoked; ended += 1) {
      nodes.push(ends[ended]?.node ?? end);
    }
    nodes.push(operation * 2);
  });
  return [...nodes, ...ends.slice(ended).map(({ node }) => node)];
}
