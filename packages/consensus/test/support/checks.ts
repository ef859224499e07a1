import type { Entry, Message, NodeId, Persist, SnapshotMark } from "../../src/index.ts";
import { text } from "./codec.ts";

/** What is true of every Raft group at every moment; breaking it throws. Raft paper, figure 3. */
export class Checks {
  readonly #leaders = new Map<number, NodeId>();
  /** Index and term to what is there and the term before it. */
  readonly #entries = new Map<string, string>();
  readonly #committed: Entry[] = [];
  readonly #votes = new Map<string, NodeId>();
  readonly #wireTerms = new Map<NodeId, number>();
  /** Terms of each member's whole log, written or not. */
  readonly #terms = new Map<NodeId, number[]>();

  /** Highest index that any state machine has applied. */
  get committedIndex(): number {
    return this.#committed.length;
  }

  /** Term of a committed entry. */
  committedTerm(index: number): number | undefined {
    return index === 0 ? 0 : this.#committed[index - 1]?.term;
  }

  /** Election safety and leader completeness. */
  leads(id: NodeId, term: number): void {
    const other = this.#leaders.get(term);
    if (other === id) return;
    assert(other === undefined, `${id} and ${other} lead term ${term}`);
    this.#leaders.set(term, id);
    const terms = this.#termsOf(id);
    for (const entry of this.#committed) {
      if (entry.term >= term) continue;
      const found = terms[entry.index];
      assert(found === entry.term, `${id} leads ${term} without ${entry.index}@${entry.term}`);
    }
  }

  /** Log matching. True if entries were replaced. */
  persists(id: NodeId, { reset, entries }: Persist): boolean {
    const terms = this.#termsOf(id);
    const replaces = entries.length > 0 && entries[0]!.index < terms.length;
    if (reset !== undefined) this.#install(terms, reset);
    for (const entry of entries) {
      const before = terms[entry.index - 1];
      assert(before !== undefined, `${id} has a gap before ${entry.index}`);
      const key = `${entry.index}@${entry.term}`;
      const value = `${before} ${entry.kind} ${text(entry.data)}`;
      const known = this.#entries.get(key) ?? value;
      assert(known === value, `${id} has ${key} as ${value}, elsewhere it is ${known}`);
      this.#entries.set(key, value);
      terms.length = entry.index;
      terms.push(entry.term);
    }
    return replaces;
  }

  /**
   * State machine safety: the same entry at the same index everywhere, in order. True if it is
   * news.
   */
  applies(id: NodeId, entry: Entry): boolean {
    const known = this.#committed[entry.index - 1];
    if (known === undefined) {
      assert(entry.index === this.#committed.length + 1, `${id} skips to ${entry.index}`);
      this.#committed.push(entry);
      return true;
    }
    const same =
      known.term === entry.term &&
      known.kind === entry.kind &&
      text(known.data) === text(entry.data);
    assert(same, `${id} applies another entry at ${entry.index}`);
    return false;
  }

  /** One vote a term, across crashes too. */
  sends(message: Message): void {
    const { type, from, to, term } = message;
    if (type === "pre-vote" || type === "pre-vote-answer") return;
    this.#wireTerms.set(from, Math.max(this.#wireTerms.get(from) ?? 0, term));
    if (type !== "vote-answer" || message.reject) return;
    const known = this.#votes.get(`${from} in ${term}`) ?? to;
    assert(known === to, `${from} votes for ${known} and ${to} in ${term}`);
    this.#votes.set(`${from} in ${term}`, to);
  }

  /** The term never goes back behind what was said. */
  starts(id: NodeId, term: number, diskTerms: readonly number[]): void {
    const said = this.#wireTerms.get(id) ?? 0;
    assert(term >= said, `${id} comes back in ${term} after speaking of ${said}`);
    this.#terms.set(id, [...diskTerms]);
  }

  #termsOf(id: NodeId): number[] {
    const known = this.#terms.get(id);
    if (known !== undefined) return known;
    const fresh = [0];
    this.#terms.set(id, fresh);
    return fresh;
  }

  #install(terms: number[], mark: SnapshotMark): void {
    assert(this.committedTerm(mark.index) === mark.term, `a snapshot of ${mark.index} is a lie`);
    terms.length = 0;
    for (let index = 0; index <= mark.index; index++) terms.push(this.committedTerm(index)!);
  }
}

/** @throws {Error} when false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
