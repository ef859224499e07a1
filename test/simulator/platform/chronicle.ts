import type { Log } from "@meridian/consensus";
import type { GroupMember, GroupMemberOptions } from "@meridian/replica";
import type { Part } from "@meridian/replica/harness";
import type { Applied, Change, Stamp } from "@meridian/tree";
import { Command } from "@meridian/wire";
import { ClusterHistory, dataText, mirroredOf } from "./cluster-history.ts";
import type { Counter } from "./counter.ts";
import { MirrorCheck } from "./mirror-check.ts";

/** One value of an eventual zone, as the region that took it applied it. */
export interface StampedWrite {
  readonly stamp: Stamp;
  readonly kind: Change["kind"];
  readonly text: string;
}

interface Life {
  readonly cluster: string;
  readonly member: GroupMember;
  readonly log: Log;
  readonly mirrors: MirrorCheck;
}

/** What all clusters have committed; watches over every member's view of its own and of others. */
export class Chronicle {
  readonly #histories = new Map<string, ClusterHistory>();
  readonly #stamped = new Map<string, Map<string, StampedWrite>>();
  readonly #counter: Counter;
  readonly #nowMs: () => number;
  /** The latest life of each member. */
  readonly #lives = new Map<string, Life>();

  constructor(counter: Counter, nowMs: () => number) {
    this.#counter = counter;
    this.#nowMs = nowMs;
  }

  of(cluster: string): ClusterHistory {
    let history = this.#histories.get(cluster);
    if (history === undefined) {
      history = new ClusterHistory(cluster);
      this.#histories.set(cluster, history);
    }
    return history;
  }

  /** All values that any region gave a path of an eventual zone. */
  stamped(path: string): readonly StampedWrite[] {
    return [...(this.#stamped.get(path)?.values() ?? [])];
  }

  get eventualPaths(): readonly string[] {
    return [...this.#stamped.keys()];
  }

  /**
   * Everything that was applied is durable, at members that have not restarted since. Entries of
   * one index are of one term.
   */
  settle(): void {
    for (const [node, { cluster, member, log, mirrors }] of this.#lives) {
      mirrors.settle();
      const history = this.of(cluster);
      const last = Math.min(log.lastIndex(), member.replica.status().commitIndex);
      for (let index = log.firstIndex(); index <= last; index += 1) {
        history.stored(index, log.term(index) ?? 0, node);
      }
    }
  }

  /** A life of a member begins. */
  watch({ place, storage }: GroupMemberOptions, { member }: Part): void {
    const { node, cluster } = place;
    const history = this.of(cluster);
    const mirrors = new MirrorCheck(node, member, (origin) => this.of(origin), this.#counter);
    this.#lives.set(node, { cluster, member, log: storage.log, mirrors });
    member.replica.listen({
      onApplied: (index, applied) => {
        history.applied(index);
        this.#take(node, cluster, index, applied);
        mirrors.onApplied(applied, () => isSeedAt(storage.log, index));
        if (!ClusterHistory.isCompared(index)) return;
        history.digest(index, node, member.tree.digest());
      },
      onSoftState: ({ role }) => {
        if (role === "leader") mirrors.lead();
      },
      onRestored: () => {
        this.#counter.count("snapshotInstalls");
        mirrors.restart();
      },
    });
  }

  #take(node: string, cluster: string, index: number, { transactions }: Applied): void {
    for (const transaction of transactions) {
      if (transaction.origin !== cluster) continue;
      const mirrored = mirroredOf(transaction);
      if (mirrored.length > 0) this.of(cluster).made(index, node, mirrored, this.#nowMs());
      for (const { path, stamp, kind, data } of transaction.changes) {
        if (stamp === undefined || stamp.region !== cluster) continue;
        const writes = this.#stamped.get(path) ?? new Map<string, StampedWrite>();
        this.#stamped.set(path, writes);
        const key = `${stamp.ms} ${stamp.counter} ${stamp.region}`;
        writes.set(key, { stamp, kind, text: dataText(data) });
      }
    }
  }
}

/** Whether an entry of a log takes over a part of a snapshot of another cluster, or is gone. */
function isSeedAt(log: Log, index: number): boolean {
  if (index < log.firstIndex()) return true;
  const [entry] = log.entries(index, index + 1, Infinity);
  return entry !== undefined && Command.decode(Buffer.from(entry.data)).seedRemote !== undefined;
}
