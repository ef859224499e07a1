import type { Entry, Log } from "@meridian/consensus";
import { decodeCommand } from "./command-codec.ts";
import type { Fork } from "./fork.ts";
import { lastShared } from "./fork.ts";

/** Entries read at once, in bytes. */
const batchBytesMax = 1024 * 1024;

/** What a member holds that the history which counts does not have. */
export interface AbandonedSuffix {
  /** Entries in `[from, to)`; those before `held` are only in its snapshot. */
  readonly from: number;
  readonly held: number;
  readonly to: number;
}

/** Where the suffix of a log begins and ends. */
export function abandonedSuffix(log: Log, fork: Fork): AbandonedSuffix {
  const from = lastShared(log, fork) + 1;
  const to = log.lastIndex() + 1;
  return { from, held: Math.min(Math.max(from, log.firstIndex()), to), to };
}

/**
 * The suffix as lines of JSON: one an entry, and a last one with the count. What only a snapshot
 * holds is counted as `unlisted`.
 */
export function* suffixLines(
  log: Log,
  { from, held, to }: AbandonedSuffix,
  facts: Readonly<Record<string, unknown>>,
): Generator<string> {
  for (let next = held; next < to;) {
    for (const entry of log.entries(next, to, batchBytesMax)) {
      yield `${JSON.stringify(lineOf(entry), replaceBytes)}\n`;
      next = entry.index + 1;
    }
  }
  yield `${JSON.stringify({ ...facts, from, to, entries: to - held, unlisted: held - from })}\n`;
}

function lineOf({ index, term, kind, data }: Entry): object {
  if (kind !== "command") return { index, term, kind };
  const { session, sequence, timeMs, operation } = decodeCommand(data);
  return { index, term, kind, session, sequence, timeMs, operation };
}

/** Bytes that are text are written as text. */
function replaceBytes(_: string, value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : { base64: bytes.toString("base64") };
}
