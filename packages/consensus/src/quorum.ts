import type { Configuration, NodeId, VoterGroup } from "./entry.ts";

/** How an election stands. */
export type VoteResult = "won" | "lost" | "pending";

/**
 * What a quorum is in one configuration: voters whose majorities win groups of more than half of
 * all weight, on both sides of a joint change. Any two quorums of one configuration share a voter.
 * ZooKeeper's QuorumHierarchical and etcd's joint configurations are the models.
 */
export class Quorum {
  readonly #incoming: Side;
  readonly #outgoing: Side | undefined;

  constructor(configuration: Configuration) {
    this.#incoming = new Side(configuration.groups);
    const { outgoingGroups } = configuration;
    this.#outgoing = outgoingGroups.length > 0 ? new Side(outgoingGroups) : undefined;
  }

  /** Whether the voters that pass the test are a quorum. Without voters nothing ever is. */
  reached(test: (voter: NodeId) => boolean): boolean {
    return this.#incoming.reached(test) && (this.#outgoing?.reached(test) ?? true);
  }

  /** Highest index that a quorum has reached, by what `indexOf` says of each voter. */
  committedIndex(indexOf: (voter: NodeId) => number): number {
    const incoming = this.#incoming.committedIndex(indexOf);
    const outgoing = this.#outgoing;
    return outgoing === undefined ? incoming : Math.min(incoming, outgoing.committedIndex(indexOf));
  }

  /** Lost means: not even with every vote that is still open. */
  result(votes: ReadonlyMap<NodeId, boolean>): VoteResult {
    if (this.reached((voter) => votes.get(voter) === true)) return "won";
    return this.reached((voter) => votes.get(voter) !== false) ? "pending" : "lost";
  }
}

class Side {
  readonly #groups: readonly VoterGroup[];
  readonly #weight: number;
  /** Scratch space, so that counting allocates nothing. */
  readonly #indexes: number[] = [];
  readonly #majorities: number[] = [];

  constructor(groups: readonly VoterGroup[]) {
    this.#groups = groups;
    this.#weight = groups.reduce((sum, group) => sum + group.weight, 0);
  }

  reached(test: (voter: NodeId) => boolean): boolean {
    let won = 0;
    for (const group of this.#groups) {
      let count = 0;
      for (const voter of group.voters) if (test(voter)) count++;
      if (count * 2 > group.voters.length) won += group.weight;
    }
    return won * 2 > this.#weight;
  }

  committedIndex(indexOf: (voter: NodeId) => number): number {
    const majorities = this.#majorities;
    for (let i = 0; i < this.#groups.length; i++) {
      majorities[i] = this.#majorityIndex(this.#groups[i]!.voters, indexOf);
    }
    let best = 0;
    for (let i = 0; i < this.#groups.length; i++) {
      const index = majorities[i]!;
      if (index > best && this.#weightAt(index) * 2 > this.#weight) best = index;
    }
    return best;
  }

  /** Weight of the groups whose majority has reached the index. */
  #weightAt(index: number): number {
    let weight = 0;
    for (let i = 0; i < this.#groups.length; i++) {
      if (this.#majorities[i]! >= index) weight += this.#groups[i]!.weight;
    }
    return weight;
  }

  /** Insertion sort: groups are a handful of voters. */
  #majorityIndex(voters: readonly NodeId[], indexOf: (voter: NodeId) => number): number {
    const sorted = this.#indexes;
    for (let count = 0; count < voters.length; count++) {
      const index = indexOf(voters[count]!);
      let at = count;
      for (; at > 0 && sorted[at - 1]! < index; at--) sorted[at] = sorted[at - 1]!;
      sorted[at] = index;
    }
    return sorted[voters.length >> 1] ?? 0;
  }
}
