import type { Encodable, IPeerHello, ISnapshotChunk } from "@meridian/wire";
import type { OutgoingSnapshot } from "./peer.ts";
import { encodeConfiguration } from "./peer-codec.ts";
import { SnapshotDigest } from "./snapshot-digest.ts";

/** Batches are sent as they come unless they are longer than this. */
const CHUNK_BYTES_MAX = 1 << 20;

/** The chunks of a snapshot: who and what first, then the records, then their digest. */
export async function* snapshotChunks(
  hello: IPeerHello,
  { mark, leaderTerm, records }: OutgoingSnapshot,
): AsyncGenerator<Encodable<ISnapshotChunk>, void, undefined> {
  const { index, term } = mark;
  const configuration = encodeConfiguration(mark.configuration);
  yield { hello, leaderTerm, index, term, configuration };
  const digest = new SnapshotDigest();
  for await (const batch of records) {
    digest.add(batch);
    for (const part of partsOf(batch)) yield { records: part };
  }
  yield { digest: digest.value(), last: true };
}

function partsOf(batch: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const parts: Uint8Array[][] = [[]];
  let bytes = 0;
  for (const record of batch) {
    if (bytes > 0 && bytes + record.byteLength > CHUNK_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(record);
    bytes += record.byteLength;
  }
  return parts;
}
