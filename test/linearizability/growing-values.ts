import { canonical } from "./model.ts";

/**
 * Values that are appended to, by number. A value that came about by appending is kept as what was
 * appended to what, so that a long one costs no more than a short one. The same value may have
 * several numbers; `holds` compares values.
 */
export class GrowingValues {
  readonly #nodes: Node[] = [];
  /** Numbers of plain values by their text. */
  readonly #plain = new Map<string, number>();
  /** Numbers of what was appended, by what to. */
  readonly #appended = new Map<string, number>();

  numberOf(value: unknown): number {
    const text = canonical(value);
    const known = this.#plain.get(text);
    if (known !== undefined) return known;
    const number = this.#add(plain(value));
    this.#plain.set(text, number);
    return number;
  }

  /** A value with a part behind it: text behind text, anything else as an element of a list. */
  append(number: number, part: unknown): number {
    const place = `${number},${canonical(part)}`;
    const known = this.#appended.get(place);
    if (known !== undefined) return known;
    const to = this.#nodes[this.#extendable(number, part)];
    if (to === undefined) throw new Error("only values that were given out are appended to");
    const size = to.size + (to.kind === "text" ? String(part).length : 1);
    const appended = this.#add({ kind: to.kind, value: part, size, to });
    this.#appended.set(place, appended);
    return appended;
  }

  /** Whether a number stands for a value. */
  holds(number: number, value: unknown): boolean {
    const node = this.#nodes[number];
    if (node === undefined) return false;
    if (typeof value === "string") return node.kind === "text" && endsText(node, value);
    if (Array.isArray(value)) return node.kind === "list" && endsList(node, value);
    return node.kind === "other" && canonical(node.value) === canonical(value);
  }

  valueOf(number: number): unknown {
    const node = this.#nodes[number];
    if (node?.to === undefined) return node?.value;
    const parts: unknown[] = [];
    let last: Node = node;
    for (; last.to !== undefined; last = last.to) parts.unshift(last.value);
    if (node.kind === "text") return [last.value, ...parts].join("");
    return [...(last.value as unknown[]), ...parts];
  }

  /** The value that a part goes behind: what is no text becomes a list for what is no text. */
  #extendable(number: number, part: unknown): number {
    const node = this.#nodes[number];
    const value = node?.kind === "other" ? node.value : undefined;
    const isText = typeof part === "string";
    if (value === null) return this.numberOf(isText ? "" : []);
    if (node?.kind === "list" || (node?.kind === "text" && isText)) return number;
    return this.numberOf([this.valueOf(number)]);
  }

  #add(node: Node): number {
    this.#nodes.push(node);
    return this.#nodes.length - 1;
  }
}

/** A value, or a part that was appended to one. */
interface Node {
  readonly kind: "list" | "other" | "text";
  readonly value: unknown;
  /** Characters or elements, all parts together. */
  readonly size: number;
  readonly to: Node | undefined;
}

function plain(value: unknown): Node {
  if (typeof value === "string") return { kind: "text", value, size: value.length, to: undefined };
  if (Array.isArray(value)) return { kind: "list", value, size: value.length, to: undefined };
  return { kind: "other", value: value ?? null, size: 0, to: undefined };
}

function endsText(node: Node, text: string): boolean {
  if (node.size !== text.length) return false;
  let last = node;
  for (; last.to !== undefined; last = last.to) {
    if (!text.endsWith(String(last.value), last.size)) return false;
  }
  return text.startsWith(String(last.value));
}

function endsList(node: Node, list: readonly unknown[]): boolean {
  if (node.size !== list.length) return false;
  let last = node;
  for (; last.to !== undefined; last = last.to) {
    if (canonical(list[last.size - 1]) !== canonical(last.value)) return false;
  }
  return canonical(list.slice(0, last.size)) === canonical(last.value);
}
