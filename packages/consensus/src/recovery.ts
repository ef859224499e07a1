import type { Core, Leader } from "./core.ts";
import type { NodeId } from "./entry.ts";
import type { MessageOf } from "./message-of.ts";

/**
 * The way back of a member that lost log entries which it had acknowledged, while its term and vote
 * are intact.
 *
 * As long as it grants no vote, every election is won without it, and a quorum without it meets
 * each quorum that committed something in some other member: so nothing depends on what it has
 * forgotten. It may vote again once it holds, durably, all that a leader of its term had when it
 * was asked. What the member ever acknowledged and what was or will be committed for that reason is
 * in that log: entries of older terms by leader completeness, entries of this term because the
 * leader sent them.
 *
 * Acknowledgements of its earlier life that arrive late may be counted: by the time it votes again
 * it has those entries. But they mislead the leader about where to go on sending, so a leader
 * believes a member that has asked to recover when it says that it has less.
 */
export interface Recovery {
  /** Names this life of the member, so that no answer to an earlier one counts. */
  readonly nonce: number;
  /** Last index of the leader of this term when it was asked; undefined: no answer yet. */
  target: number | undefined;
  /** Up to here the log is that of a leader of this term. */
  matched: number;
}

/** A life of its own; `random` must not begin alike at each start. */
export function beginRecovery(random: () => number): Recovery {
  return { nonce: 1 + Math.floor(random() * 2 ** 48), target: undefined, matched: 0 };
}

/** Another term: what an earlier leader said no longer counts. */
export function restartRecovery(core: Core): void {
  const { recovery } = core;
  if (recovery === undefined) return;
  recovery.target = undefined;
  recovery.matched = 0;
}

/**
 * The leader was heard: asks it, with each of its heartbeats until there is nothing to ask for.
 * Again also after an answer, since a late acknowledgement may have made it believe that all is
 * there.
 */
export function askToRecover(core: Core, to: NodeId): void {
  const { recovery, id, term } = core;
  if (recovery === undefined) return;
  core.send({ type: "recover", from: id, to, term, nonce: recovery.nonce });
}

/** A follower lost its log: everything is sent to it anew. */
export function onRecover(core: Core, leader: Leader, message: MessageOf<"recover">): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  const { nonce, from: to } = message;
  const { log, id: from, term } = core;
  progress.heard(core.now);
  const known = progress.recovery?.nonce === nonce;
  if (!known || !progress.recovering) {
    progress.restart(log.lastIndex, nonce);
    leader.dirty = true;
    if (leader.transfer?.to === to) leader.transfer = undefined;
  }
  const index = progress.recovery?.target ?? log.lastIndex;
  core.send({ type: "recover-answer", from, to, term, nonce, index });
}

/** The leader says what there is to have. */
export function onRecoverAnswer(core: Core, message: MessageOf<"recover-answer">): void {
  const { recovery } = core;
  if (recovery === undefined || core.leader !== message.from) return;
  if (recovery.nonce !== message.nonce) return;
  recovery.target ??= message.index;
  finishRecovery(core);
}

/** The log matches that of the leader of this term up to the index. */
export function noteMatched(core: Core, index: number): void {
  const { recovery } = core;
  if (recovery === undefined) return;
  recovery.matched = Math.max(recovery.matched, index);
  finishRecovery(core);
}

/** Ends the recovery if everything is there and durable. */
export function finishRecovery(core: Core): void {
  const { recovery } = core;
  if (recovery?.target === undefined) return;
  if (recovery.matched < recovery.target || core.log.durableIndex < recovery.target) return;
  core.recovery = undefined;
}
