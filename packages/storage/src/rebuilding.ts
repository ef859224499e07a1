import type { Births } from "./acquaintances.ts";
import { readBirths } from "./acquaintances.ts";
import type { Medium } from "./medium.ts";
import type { Member } from "./member.ts";
import { checkIdentity, memberFile, writeMember } from "./member.ts";
import { firstSequence, furnish, openStorage } from "./open-storage.ts";
import type { StorageOptions } from "./options.ts";
import { damagedPlace, findMember, setAside } from "./retirement.ts";
import type { Storage } from "./storage.ts";
import { StorageError } from "./storage.ts";

/**
 * Makes a member whose data is damaged usable again: with its promises, birth and acquaintances,
 * and otherwise empty. It is `recovering` until it has from the others what it lost. What was there
 * is set aside in the folder `damaged` until then. Interrupted, it is begun anew.
 * @throws {StorageError} MISSING, CORRUPT if the member file itself is gone, damaged or an old one;
 * IN_USE, WRONG_IDENTITY, FULL, IO.
 */
export async function rebuildStorage(medium: Medium, options: StorageOptions): Promise<Storage> {
  const unheard = (): void => undefined;
  const quiet = { ...options, create: false, onNotice: unheard, onProgress: unheard };
  checkIdentity(await memberOf(medium, options), options);
  await diagnose(medium, quiet);
  const found = await memberOf(medium, options);
  await medium.claim();
  try {
    const births = await readBirths(medium.files, found);
    await empty(medium, found, births, options);
  } finally {
    await medium.release();
  }
  return await openStorage(medium, { ...options, create: false });
}

/** Further than a new member's first batch: without its member file it must not pass for one. */
const rebuiltSequence: number = firstSequence + 1;

async function memberOf(medium: Medium, options: StorageOptions): Promise<Member> {
  const found = await findMember(medium, options);
  if (found !== undefined) return found.member;
  throw new StorageError("MISSING", `${memberFile} is gone`, { repairable: false });
}

/** Passes if there is nothing that speaks against rebuilding it. */
async function diagnose(medium: Medium, options: StorageOptions): Promise<void> {
  try {
    const storage = await openStorage(medium, options);
    await storage.close();
  } catch (error) {
    if (!(error instanceof StorageError && error.repairable)) throw error;
  }
}

/**
 * The member file says first that it is recovering: whatever a crash leaves of the rest opens as
 * that, or not at all.
 */
async function empty(
  medium: Medium,
  found: Member,
  births: Births,
  { codec }: StorageOptions,
): Promise<void> {
  const member: Member = {
    ...found,
    recovering: true,
    revision: found.revision + 1,
    sequence: rebuiltSequence,
  };
  await writeMember(medium.files, codec, member);
  await setAside(medium, damagedPlace);
  const table = await medium.openTable(true);
  try {
    await furnish(medium, table, member, rebuiltSequence, births);
  } finally {
    await table.close();
  }
}
