import { isDeepStrictEqual } from "node:util";
import type { Storage } from "../src/index.ts";
import { openLevelStorage, rebuildLevelStorage, StorageError } from "../src/index.ts";
import type { Content } from "./samples.ts";
import { append, codec, content, identity } from "./samples.ts";

/** What became of a damaged directory. */
export interface Outcome {
  readonly kind: "harmless" | "repaired" | "refused" | "wrong";
  readonly what: string;
}

/** As production opens it: what is not there is made. */
export function open(directory: string): Promise<Storage> {
  return openLevelStorage({ identity, codec, directory, create: true, reserveBytes: 0 });
}

/** Opens what was damaged; if it says that it can be rebuilt, that is done. */
export async function judge(directory: string, expected: Content): Promise<Outcome> {
  let storage: Storage;
  try {
    storage = await open(directory);
  } catch (error) {
    if (!(error instanceof StorageError))
      return { kind: "wrong", what: `no name: ${String(error)}` };
    return await repaired(directory, expected, error);
  }
  try {
    const found = await content(storage);
    if (isDeepStrictEqual(found, expected)) return { kind: "harmless", what: "" };
    return { kind: "wrong", what: "other content" };
  } catch (error) {
    if (!(error instanceof StorageError && error.repairable)) {
      return { kind: "wrong", what: `reading gave ${String(error)}` };
    }
    await storage.close();
    return await repaired(directory, expected, error);
  } finally {
    await storage.close();
  }
}

/** `repairable` must be right, and what is rebuilt must have kept its promises. */
async function repaired(
  directory: string,
  expected: Content,
  refusal: StorageError,
): Promise<Outcome> {
  let storage: Storage;
  const what = refusal.message;
  try {
    storage = await rebuildLevelStorage({ identity, codec, directory, reserveBytes: 0 });
  } catch (error) {
    if (refusal.repairable) return { kind: "wrong", what: `${what}, then ${String(error)}` };
    return { kind: "refused", what };
  }
  try {
    if (!refusal.repairable) return { kind: "wrong", what: `${what}, but it was rebuilt` };
    const { term, vote } = storage.hardState();
    const { recovering, birth } = storage.member;
    const kept = term === expected.hardState.term && vote === expected.hardState.vote;
    const known = storage.acquaintances.get("n2") === "b2" && birth === "b1";
    const isRight = kept && known && recovering && storage.log.lastIndex() === 0;
    await storage.write(append(1, 3, 9));
    if (!isRight) return { kind: "wrong", what: `${what}: rebuilt with something lost` };
    return { kind: "repaired", what };
  } finally {
    await storage.close();
  }
}
