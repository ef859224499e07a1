import type { Core } from "./core.ts";
import type { Persist } from "./ready.ts";

/**
 * What has to be written next, or undefined. Messages that claim durability go along; when nothing
 * is unwritten and nothing is on its way to the disk, their claims hold already and they may leave
 * at once.
 */
export function takePersist(core: Core): Persist | undefined {
  const { log, durability } = core;
  const unwritten = durability.changed(core.term, core.vote) || log.hasUnwritten;
  if (!unwritten) {
    if (core.afterPersist.length === 0) return undefined;
    if (durability.idle) {
      for (const message of core.afterPersist) core.outbox.push(message);
      core.afterPersist = [];
      return undefined;
    }
  }
  const sequence = durability.nextSequence();
  const { reset, entries } = log.takeUnwritten(sequence);
  const { term, vote } = core;
  const hardState = durability.take(
    { term, vote, commitIndex: log.commitIndex },
    sequence,
    reset !== undefined || entries.length > 0,
  );
  const send = core.afterPersist;
  core.afterPersist = [];
  const mark = { term, index: log.lastIndex, logTerm: log.lastTerm, sequence };
  return { hardState, entries, reset, send, mark };
}
