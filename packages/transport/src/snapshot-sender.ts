import { helloTo } from "./hello.ts";
import type { OutgoingSnapshot } from "./peer.ts";
import type { PeerLinkOptions } from "./peer-link.ts";
import { snapshotChunks } from "./snapshot-chunks.ts";

/**
 * Sends a snapshot, a chunk at a time. Resolves when the other side has it durable.
 * @throws when it has not: refused, broken off, stalled, or `signal`.
 */
export async function sendSnapshot(
  to: string,
  snapshot: OutgoingSnapshot,
  options: PeerLinkOptions,
  signal: AbortSignal,
): Promise<void> {
  const { connector, clock, limits } = options;
  const hello = helloTo(to, options);
  const connection = connector.openSnapshot(hello);
  const close = (): void => connection.close();
  let stall = clock.after(limits.snapshotStallMs, close);
  signal.addEventListener("abort", close);
  // An answer before the end is a refusal: the rest need not be read, and its source must be let
  // go.
  const refused = connection.answer.then(({ reason }) => {
    throw new Error(reason === "" ? "answered before its end" : reason);
  });
  refused.catch(() => undefined);
  try {
    for await (const chunk of snapshotChunks(hello, snapshot)) {
      await Promise.race([connection.send(chunk), refused]);
      stall();
      stall = clock.after(limits.snapshotStallMs, close);
    }
    connection.end();
    const { installed, reason } = await connection.answer;
    if (!installed) throw new Error(reason);
  } finally {
    stall();
    signal.removeEventListener("abort", close);
    close();
  }
}
