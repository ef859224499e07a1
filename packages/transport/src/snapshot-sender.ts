import grpc, { type ClientWritableStream } from "@grpc/grpc-js";
import {
  PeerService,
  SnapshotChunk,
  SnapshotInstalled,
  type Encodable,
  type ISnapshotChunk,
  type ISnapshotInstalled,
} from "@meridian/wire";
import type { OutgoingSnapshot } from "../peer.ts";
import { snapshotChunks } from "../snapshot-chunks.ts";
import { clientCredentials, clientOptions } from "./client-options.ts";
import { asIs } from "./definition.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { PeerLinkOptions } from "./peer-link.ts";

/**
 * Sends a snapshot on a connection of its own, so that a full pipe does not hold heartbeats up, a chunk at a time.
 * Resolves when the other side has it durable.
 * @throws when it has not: refused, broken off, stalled, or `signal`.
 */
export async function sendSnapshot(
  to: string,
  snapshot: OutgoingSnapshot,
  options: PeerLinkOptions,
  signal: AbortSignal,
): Promise<void> {
  const { limits, identity, tls } = options;
  const address = options.resolve(to);
  if (address === undefined) throw new Error("its address is not known");
  const settings = clientOptions(limits, limits.messageBytesMax);
  const client = new grpc.Client(address, clientCredentials(tls), settings);
  const { call, answer } = open(client);
  const cancel = (): void => call.cancel();
  const stall = setTimeout(cancel, limits.snapshotStallMs);
  signal.addEventListener("abort", cancel);
  try {
    const { cluster, incarnation, node: from } = identity;
    const chunks = snapshotChunks({ cluster, incarnation, from, to }, snapshot);
    const writer = new FrameWriter(call, SnapshotChunk, limits.messageBytesMax);
    // An answer before the end is a refusal: the rest need not be read, and the source must be let go.
    const over = answer.then(({ reason }) => {
      throw new Error(reason === "" ? "answered before its end" : reason);
    });
    for await (const chunk of chunks) {
      await Promise.race([written(writer, chunk), over]);
      stall.refresh();
    }
    call.end();
    over.catch(() => undefined);
    const { installed, reason } = await answer;
    if (!installed) throw new Error(reason);
  } finally {
    clearTimeout(stall);
    signal.removeEventListener("abort", cancel);
    cancel();
    client.close();
  }
}

function open(client: grpc.Client): {
  readonly call: ClientWritableStream<Buffer>;
  readonly answer: Promise<ISnapshotInstalled>;
} {
  let settle: (error: Error | null, answer?: Buffer) => void = () => undefined;
  const answer = new Promise<ISnapshotInstalled>((resolve, reject) => {
    settle = (error, bytes) => {
      if (error === null && bytes !== undefined) resolve(SnapshotInstalled.decode(bytes));
      else reject(error ?? new Error("no answer"));
    };
  });
  // Awaited on some paths only.
  answer.catch(() => undefined);
  const { path } = PeerService.installSnapshot;
  const call = client.makeClientStreamRequest(path, asIs, asIs, (error, bytes?: Buffer) => {
    settle(error, bytes);
  });
  return { call, answer };
}

/** Never settles when the call ends before. */
function written(
  writer: FrameWriter<ISnapshotChunk>,
  chunk: Encodable<ISnapshotChunk>,
): Promise<void> {
  return new Promise((resolve) => writer.write(chunk, resolve));
}
