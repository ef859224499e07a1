import { type Storage, StorageError } from "@meridian/storage";
import type { Tree } from "@meridian/tree";
import type { Clock } from "./clock.ts";
import { forkOf } from "./fork.ts";
import type { Log } from "./log.ts";
import { restoreTree } from "./snapshots.ts";

/** What a member keeps, and the tree that its newest snapshot holds. */
export interface MemberData {
  readonly storage: Storage;
  readonly tree: Tree;
}

/** Where a member's data comes from. */
export interface MemberDataOptions {
  /** Opens what is there, or makes a new member. */
  readonly open: () => Promise<Storage>;
  /** Makes a damaged member usable again: with its promises, and otherwise empty. */
  readonly rebuild: () => Promise<Storage>;
  readonly witness: boolean;
  /** Other voters of the cluster, who have what this member may have lost. */
  readonly otherVoters: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the data of a member. Damaged data is given up for what the other voters have: the member
 * begins again empty, keeps its promises, and has no vote until it holds all that it had
 * acknowledged. A sole voter has nobody to get it from.
 * @throws {StorageError} also for damage that cannot be repaired.
 */
export async function openMemberData(options: MemberDataOptions): Promise<MemberData> {
  try {
    return await begin(await options.open(), options);
  } catch (error) {
    const canRepair = error instanceof StorageError && error.repairable && options.otherVoters > 0;
    if (!canRepair) throw error;
    options.log.error(
      { damage: error.message },
      "the data is damaged: starting again without it, to get it back from the other members",
    );
    return await begin(await options.rebuild(), options);
  }
}

async function begin(storage: Storage, { clock, witness }: MemberDataOptions): Promise<MemberData> {
  try {
    await beginIncarnation(storage);
    return { storage, tree: await restoreTree(storage, clock, witness) };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/**
 * A member that was put in force begins in a term that the abandoned history never gets to. What
 * that had committed here and is in no snapshot may be replaced by what its new leader has.
 */
async function beginIncarnation(storage: Storage): Promise<void> {
  const { forced } = storage.member;
  const firstTerm = forced && forkOf(forced.configuration)?.firstTerm;
  if (firstTerm === undefined || storage.hardState().term >= firstTerm) return;
  const commitIndex = storage.log.snapshot()?.index ?? 0;
  const hardState = { term: firstTerm, vote: undefined, commitIndex };
  await storage.write({ hardState, entries: [], reset: undefined });
}
