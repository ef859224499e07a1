import type { Meridian } from "../client.ts";

/**
 * Resolves when the node has changed or gone, at once if it is not there. The watch runs before the
 * node is looked at, so that nothing is missed.
 * @throws the reason of the signal; what the watch or the look failed with.
 */
export async function untilChanged(
  client: Meridian,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const options = { consistency: "strict", signal } as const;
  await using watch = client.watch(path, { ...options, kind: "exists", withData: false });
  await watch.ready;
  const { exists } = await client.exists(path, options);
  if (exists) await watch.next();
  signal.throwIfAborted();
}
