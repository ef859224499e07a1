import type { Change } from "./opened-source.ts";

/** A mistake in the code that the exploration of a scope must find. */
export interface Plant extends Change {
  readonly name: string;
  readonly scope: string;
}

/** One mistake each. */
export const plants: readonly Plant[] = [
  {
    name: "elections count voters instead of groups",
    scope: "weights",
    file: "quorum.ts",
    find: "if (count * 2 > group.voters.length) won += group.weight;",
    replace: "won += (count / group.voters.length) * (this.#weight / this.#groups.length);",
  },
  {
    name: "elections in a joint configuration ask the incoming groups only",
    scope: "replacement",
    file: "quorum.ts",
    find: "return this.#incoming.reached(test) && (this.#outgoing?.reached(test) ?? true);",
    replace: "return this.#incoming.reached(test);",
  },
  {
    name: "commits in a joint configuration ask the incoming groups only",
    scope: "replacement",
    file: "quorum.ts",
    find: "return outgoing === undefined ? incoming : Math",
    replace: "return outgoing !== incoming ? incoming : Math",
  },
  {
    name: "a witness votes for whoever asks",
    scope: "regions",
    file: "election.ts",
    find: "!core.log.isUpToDate(message.index, message.logTerm)",
    replace: "!(core.isWitness || core.log.isUpToDate(message.index, message.logTerm))",
  },
  {
    name: "an entry of an older term is committed by counting",
    scope: "uneven logs",
    file: "leading.ts",
    find: "if (index <= log.commitIndex || log.term(index) !== core.term) return;",
    replace: "if (index <= log.commitIndex) return;",
  },
  {
    name: "a second vote in a term",
    scope: "regions",
    file: "election.ts",
    find: "core.vote === to || free || ahead",
    replace: "true",
  },
  {
    name: "commits count groups instead of their weights",
    scope: "weights",
    file: "quorum.ts",
    find: "weight += this.#groups[i]!.weight;",
    replace: "weight += this.#weight / this.#groups.length;",
  },
  {
    name: "the entry before an append is not compared",
    scope: "regions",
    file: "following.ts",
    find: "if (log.term(index) !== logTerm) {",
    replace: "if (log.term(index) === undefined) {",
  },
  {
    name: "a configuration counts only once it is committed",
    scope: "replacement",
    file: "following.ts",
    find: "if (changed) core.adopt();",
    replace:
      "if (changed && core.configurations.newestIndex <= core.log.commitIndex) core.adopt();",
  },
  {
    name: "configurations follow each other without a joint one",
    scope: "leap",
    file: "configuration.ts",
    find: "changedVoters(from.groups, to.groups) <= 1",
    replace: "from !== to",
  },
  {
    name: "a member votes although it has lost its log",
    scope: "losses",
    file: "election.ts",
    find: "core.recovery === undefined && (",
    replace: "(",
  },
  {
    name: "a member has recovered when it has what is committed",
    scope: "losses",
    file: "recovery.ts",
    find: "progress.restart(log.lastIndex, nonce);",
    replace: "progress.restart(log.commitIndex, nonce);",
  },
  {
    name: "an append is acknowledged before it is on the disk",
    scope: "slow disks",
    file: "core.ts",
    find: 'message.type === "append-answer" ||',
    replace: "",
  },
  {
    name: "a vote is said before it is on the disk",
    scope: "slow disks",
    file: "core.ts",
    find: `message.type === "vote-answer" ||
      this.durability.durableTerm < this.term;`,
    replace: "false;",
  },
  {
    name: "a leader counts itself before its disk has the entry",
    scope: "slow disks",
    file: "role.ts",
    find: "member === core.id ? core.log.durableIndex :",
    replace: "member === core.id ? core.log.lastIndex :",
  },
  {
    name: "a late report of a write passes for entries that were written since",
    scope: "rewrites",
    file: "unstable.ts",
    find: "for (const claim of this.#claims) claim.index = Math.min(claim.index, from - 1);",
    replace: "",
  },
];
