import { randomUUID } from "node:crypto";
import { acquaintancesFile } from "./acquaintances.ts";
import type { Medium } from "./medium.ts";
import type { FoundMember, Member } from "./member.ts";
import { checkIdentity, memberCopyFile, memberFile, readMember, writeMember } from "./member.ts";
import type { StorageOptions } from "./options.ts";
import { snapshotFilePrefix } from "./snapshot-file.ts";
import { StorageError } from "./storage.ts";
import { watermarkFile } from "./watermark.ts";

/**
 * Moves the data of the member `identity` into the folder `abandoned-<incarnation>`, so that a new
 * member can be made in its place. Once begun it goes on at the next opening.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export async function retireStorage(medium: Medium, options: StorageOptions): Promise<void> {
  const { codec, birth = randomUUID } = options;
  const found = await readMember(medium.files, codec, birth);
  if (found === undefined) {
    throw new StorageError("MISSING", "no member was ever made here", { repairable: false });
  }
  const { member } = found;
  checkIdentity(member, options);
  await medium.claim();
  try {
    const revision = member.revision + 1;
    await writeMember(medium.files, codec, { ...member, retired: true, revision });
  } finally {
    await medium.release();
  }
  await finishRetirement(medium, member);
}

/**
 * The member that was ever made here, if any. What is left of one that was retired is moved aside
 * first.
 */
export async function findMember(
  medium: Medium,
  { codec, birth = randomUUID }: StorageOptions,
): Promise<FoundMember | undefined> {
  const found = await readMember(medium.files, codec, birth);
  if (found?.member.retired !== true) return found;
  await finishRetirement(medium, found.member);
  return undefined;
}

/** Moves what is left of it; the member file last, as it says that this is to be done. */
async function finishRetirement(medium: Medium, { identity }: Member): Promise<void> {
  const place = `abandoned-${identity.incarnation}`;
  await medium.claim();
  try {
    await setAside(medium, place);
    for (const name of [acquaintancesFile, memberCopyFile, memberFile]) {
      await medium.files.move(name, place);
    }
  } finally {
    await medium.release();
  }
}

/** Name of the folder that what was damaged is set aside in. */
export const damagedPlace = "damaged";

/**
 * Moves everything that a member holds beside its promises. The watermark goes first: nothing is
 * believed without it.
 */
export async function setAside(medium: Medium, place: string): Promise<void> {
  const { files } = medium;
  await files.move(watermarkFile, place);
  await medium.moveTable(place);
  for (const name of await files.list()) {
    if (name.startsWith(snapshotFilePrefix)) await files.move(name, place);
  }
}
