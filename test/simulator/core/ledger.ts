import { crc32 } from "node:zlib";
import type { Entry } from "@meridian/consensus";
import { configurationCodec } from "@meridian/replica";
import { type Group, type Life, standIn } from "@meridian/replica/harness";
import type { Storage, Write } from "@meridian/storage";
import type { Applied, Change } from "@meridian/tree";
import { CommittedHistory } from "../../watch-model/committed-history.ts";
import type { Trace } from "../scenario.ts";

/** A change as its index made it. */
export interface Noted {
  readonly index: number;
  readonly kind: Change["kind"];
  readonly path: string;
  readonly data: string;
}

/**
 * What all members together have written, committed and applied. Compares each with the others at
 * once, and keeps the first contradiction.
 */
export class Ledger {
  /** All changes of the state, in order, as the first who applied them saw them. */
  readonly history: Noted[] = [];
  /** The same, by transactions. */
  readonly committed: CommittedHistory = new CommittedHistory(0);
  /** The first contradiction; whoever drives the run throws it. */
  violation: Error | undefined;
  leaderChanges = 0;
  snapshotInstalls = 0;
  /** How often a witness came to lead. */
  witnessesLed = 0;
  /** Configurations that took effect, joint ones included. */
  configurationsCommitted = 0;
  readonly #trace: Trace;
  readonly #nowMs: () => number;
  /** Hash of an entry and of the term before it, by term and index. */
  readonly #entries = new Map<number, number>();
  readonly #leaders = new Map<number, string>();
  /** Terms of committed entries, by index. */
  readonly #committed: number[] = [];
  /** Who belongs to the group by the configurations that anybody wrote, by term and index. */
  readonly #configurations = new Map<number, string>();
  #members = "";
  readonly #digests = new Map<number, string>();
  /** Who must not take part any more. */
  readonly #silenced = new Set<string>();
  /** Writes that are on their way to a disk, by storage. */
  readonly #writing = new Map<Storage, number>();
  #highestTerm = 0;
  #historyIndex = 0;

  constructor(trace: Trace, nowMs: () => number) {
    this.#trace = trace;
    this.#nowMs = nowMs;
  }

  /** Highest index that anybody applied. */
  get appliedIndex(): number {
    return this.#historyIndex;
  }

  /** From now on a node must write nothing of what the group does. */
  silence(name: string): void {
    this.#silenced.add(name);
  }

  /** Where a write is that bears a mark as its data; undefined: nowhere. */
  indexOf(mark: string): number | undefined {
    return this.history.findLast(({ data }) => data === mark)?.index;
  }

  /** What a node held at an index; undefined: it was not there. */
  valueAt(path: string, index: number): string | undefined {
    const last = this.history.findLast((noted) => noted.path === path && noted.index <= index);
    return last === undefined || last.kind === "deleted" ? undefined : last.data;
  }

  /** Notes something under the present time. */
  note(text: string): void {
    this.#trace.event(`${this.#nowMs().toFixed(3)} ${text}`);
  }

  /** Notes a contradiction. */
  violate(message: string): void {
    this.note(`VIOLATION ${message}`);
    this.violation ??= new Error(message);
  }

  /** @throws {Error} the first contradiction, if there was one. */
  check(): void {
    if (this.violation !== undefined) throw this.violation;
  }

  /** Stands between a member and its storage. */
  watchStorage(name: string, storage: Storage): Storage {
    const write = async (asked: Write): Promise<void> => {
      this.#writing.set(watched, (this.#writing.get(watched) ?? 0) + 1);
      await storage.write(asked);
      this.#writing.set(watched, (this.#writing.get(watched) ?? 0) - 1);
      this.#onWritten(name, storage, asked);
    };
    const watched = standIn(storage, { write });
    return watched;
  }

  /** Follows a life of a member. */
  watchLife(name: string, { part, storage }: Life, witness: boolean): void {
    const { replica } = part.member;
    let checked = 0;
    let digested = 0;
    let role = "";
    this.note(`${name} starts at ${storage.log.lastIndex()}`);
    replica.listen({
      onSoftState: (soft) => {
        this.#highestTerm = Math.max(this.#highestTerm, soft.term);
        if (soft.role !== role) this.note(`${name} is ${soft.role} in ${soft.term}`);
        if (soft.role === "leader" && role !== "leader") {
          if (witness) this.witnessesLed += 1;
          this.#onLeader(name, soft.term, replica);
        }
        role = soft.role;
      },
      onApplied: (index, applied) => this.#onApplied(name, index, applied),
      onRestored: () => {
        this.snapshotInstalls += 1;
        checked = 0;
        this.#checkRestored(name, storage.log.snapshot()?.index, replica.tree.appliedIndex);
      },
      onTurnEnd: () => {
        const { appliedIndex } = replica.tree;
        this.committed.reach(appliedIndex);
        // What is written now may replace entries that the disk still has.
        if ((this.#writing.get(storage) ?? 0) === 0) {
          checked = this.#checkApplied(name, storage, checked, appliedIndex);
        }
        if (witness || appliedIndex === digested) return;
        digested = appliedIndex;
        this.#checkDigest(name, appliedIndex, replica.tree.digest());
      },
    });
  }

  /** All who run hold the same. */
  checkLevel(group: Group, names: readonly string[]): void {
    const digests = new Map(names.map((name) => [name, group.member(name).tree.digest()]));
    if (new Set(digests.values()).size <= 1) return;
    const told = [...digests].map(([name, digest]) => `${name} ${digest}`).join(", ");
    this.violate(`members that are level differ: ${told}`);
  }

  #onWritten(name: string, { log }: Storage, { entries, hardState, reset }: Write): void {
    const last = entries.at(-1);
    const parts = [
      `${name} wrote`,
      hardState === undefined ? "" : `term ${hardState.term} vote ${hardState.vote ?? "-"}`,
      reset === undefined ? "" : `snapshot ${reset.index}`,
      last === undefined ? "" : `${entries[0]?.index}-${last.index} of ${last.term}`,
    ];
    this.note(parts.filter((part) => part !== "").join(" "));
    if (this.#silenced.has(name)) this.violate(`${name} takes part although its data was lost`);
    this.#highestTerm = Math.max(this.#highestTerm, hardState?.term ?? 0);
    let before = entries[0] === undefined ? 0 : (log.term(entries[0].index - 1) ?? 0);
    for (const entry of entries) {
      this.#checkEntry(name, entry, before);
      before = entry.term;
    }
  }

  /** Log matching: same index and term mean the same entry, and the same term before it. */
  #checkEntry(name: string, { index, term, kind, data }: Entry, before: number): void {
    const key = keyOf(term, index);
    const hash = crc32(`${kind} ${before}`, crc32(data));
    if (kind === "configuration") this.#configurations.set(key, membersIn(data));
    const known = this.#entries.get(key);
    if (known === undefined) this.#entries.set(key, hash);
    else if (known !== hash) {
      this.violate(`${name} wrote another entry ${index} of term ${term} than others did`);
    }
  }

  #onLeader(name: string, term: number, replica: Life["part"]["member"]["replica"]): void {
    const other = this.#leaders.get(term);
    if (other !== undefined && other !== name) {
      return this.violate(`${other} and ${name} both lead in term ${term}`);
    }
    if (other === undefined) this.leaderChanges += 1;
    this.#leaders.set(term, name);
    // Whoever leads an earlier term than others have reached need not have what they committed.
    if (term < this.#highestTerm) return;
    const { lastIndex } = replica.status();
    const committedIndex = this.#committed.length - 1;
    if (lastIndex < committedIndex) {
      this.violate(`${name} leads term ${term} up to ${lastIndex}; committed is ${committedIndex}`);
    }
  }

  /** The first configuration in the log is the one that the group began with. */
  #noteMembers(members: string | undefined): void {
    if (members === undefined || members === this.#members) return;
    if (this.#members !== "") this.configurationsCommitted += 1;
    this.#members = members;
  }

  #checkRestored(name: string, markIndex: number | undefined, treeIndex: number): void {
    this.note(`${name} restored to ${treeIndex}`);
    if (markIndex === treeIndex) return;
    this.violate(`${name} took over a snapshot of ${treeIndex} as one of ${markIndex}`);
  }

  /** State machine safety: an index is applied with the same term by all. */
  #checkApplied(name: string, { log }: Storage, checked: number, appliedIndex: number): number {
    const upTo = Math.min(appliedIndex, log.lastIndex());
    for (let index = Math.max(checked + 1, log.firstIndex()); index <= upTo; index += 1) {
      const term = log.term(index);
      const known = this.#committed[index];
      if (term === undefined) continue;
      if (known === undefined) {
        this.#committed[index] = term;
        this.#noteMembers(this.#configurations.get(keyOf(term, index)));
      } else if (known !== term) {
        this.violate(`${name} applied ${index} of term ${term}; others that of term ${known}`);
      }
    }
    return Math.max(checked, upTo);
  }

  #onApplied(name: string, index: number, applied: Applied): void {
    if (index <= this.#historyIndex) return;
    if (applied.transactions.length > 0) this.note(`${name} is the first to apply ${index}`);
    this.#historyIndex = index;
    this.committed.reach(index);
    for (const transaction of applied.transactions) {
      const changes = transaction.changes.map(({ kind, path, data }) => {
        return { kind, path, data: Buffer.from(data).toString() };
      });
      this.committed.add({ index, changes });
      this.history.push(...changes.map((change) => ({ index, ...change })));
    }
  }

  #checkDigest(name: string, index: number, digest: string): void {
    const known = this.#digests.get(index);
    if (known === undefined) this.#digests.set(index, digest);
    else if (known !== digest) {
      this.violate(`at ${index} the digest of ${name} is ${digest}, of others ${known}`);
    }
  }
}

/** One number for both. */
function keyOf(term: number, index: number): number {
  return term * 2 ** 30 + index;
}

function membersIn(data: Uint8Array): string {
  const { groups, outgoingGroups, learners } = configurationCodec.decode(data);
  return JSON.stringify([groups, outgoingGroups, learners]);
}
