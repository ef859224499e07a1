import type { Configuration } from "@meridian/consensus";
import type { Medium } from "./medium.ts";
import { identityDifference } from "./member.ts";
import { openStorage } from "./open-storage.ts";
import type { StorageOptions } from "./options.ts";
import { findMember } from "./retirement.ts";
import type { Identity, Storage } from "./storage.ts";

/** What a member is refounded from, and as. */
export interface Refounding {
  /** Who the member is so far; `identity` is who it becomes. */
  readonly from: Identity;
  /** Put in force over everything that the log says. */
  readonly configuration: Configuration;
}

/**
 * Opens a member as its next incarnation: the same log, promises and birth, and a configuration
 * that is in force by hand from the log's last index on. Of its acquaintances those in the
 * configuration stay. Interrupted, it has happened or not; done once more it changes nothing.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export async function refoundStorage(
  medium: Medium,
  { from, configuration, ...options }: StorageOptions & Refounding,
): Promise<Storage> {
  const found = await findMember(medium, options);
  const done = found && identityDifference(found.member.identity, options.identity) === undefined;
  if (done !== true) {
    const before = await openStorage(medium, { ...options, identity: from });
    try {
      const forced = { index: before.log.lastIndex(), configuration };
      const { identity } = options;
      await before.amend({ identity, forced, refoundedFrom: from.incarnation });
    } finally {
      await before.close();
    }
  }
  return await openStorage(medium, options);
}
