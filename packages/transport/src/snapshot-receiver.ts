import {
  MeridianError,
  SnapshotChunk,
  SnapshotInstalled,
  WireError,
  type ISnapshotChunk,
} from "@meridian/wire";
import { decodeConfiguration } from "./peer-codec.ts";
import type { PeerMember } from "./service.ts";
import { SnapshotDigest } from "./snapshot-digest.ts";
import { memberFor } from "./stranger.ts";

/**
 * Takes a snapshot from a peer and hands its records on as they come, no faster than they are
 * consumed: what is not read stays at the sender.
 * @throws {MeridianError} when the sender is a stranger or the first chunk cannot be used.
 */
export async function receiveSnapshot(
  stream: AsyncIterable<Buffer>,
  members: ReadonlyMap<string, PeerMember>,
): Promise<Buffer> {
  const chunks = stream[Symbol.asyncIterator]();
  const first = await nextChunk(chunks);
  const { handler } = memberFor(first.hello, members);
  const { index, term, leaderTerm } = first;
  const configuration = decodeConfiguration(first.configuration);
  const result = await handler.onSnapshot(first.hello?.from ?? "", {
    mark: { index, term, configuration },
    leaderTerm,
    records: recordsOf(first, chunks),
  });
  return SnapshotInstalled.encode(result);
}

/** Ends normally only after the last chunk, with a digest that holds. */
async function* recordsOf(
  first: ISnapshotChunk,
  chunks: AsyncIterator<Buffer>,
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const digest = new SnapshotDigest();
  for (let chunk = first; ; chunk = await nextChunk(chunks)) {
    digest.add(chunk.records);
    if (chunk.records.length > 0) yield chunk.records;
    if (!chunk.last) continue;
    if (digest.value().equals(chunk.digest)) return;
    throw new MeridianError("CORRUPT", "the snapshot's digest does not hold");
  }
}

async function nextChunk(chunks: AsyncIterator<Buffer>): Promise<ISnapshotChunk> {
  let cause: unknown;
  try {
    const result = await chunks.next();
    if (result.done !== true) return SnapshotChunk.decode(result.value);
  } catch (error) {
    if (error instanceof WireError) throw error;
    cause = error;
  }
  const message = "the snapshot broke off";
  throw new MeridianError("REGION_UNAVAILABLE", message, cause === undefined ? {} : { cause });
}
