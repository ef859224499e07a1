import type { NodeId } from "@meridian/consensus";
import { readChecked, writeChecked } from "./checked-lines.ts";
import type { Files } from "./medium.ts";
import type { StorageOptions } from "./options.ts";
import type { ConfigurationCodec } from "./snapshot-description.ts";
import type { Identity, MemberRecord } from "./storage.ts";
import { asUnrepairable, StorageError } from "./storage.ts";

/**
 * Who the member is and what it has promised. It lies outside the table, in a file that exists from
 * the moment the member was made: with it gone, or with it there and the table gone, the member
 * refuses to start. Otherwise an emptied disk would let it vote a second time in a term.
 */
export interface Member extends MemberRecord {
  readonly identity: Identity;
  readonly witness: boolean;
  /** Highest term promised. */
  readonly term: number;
  /** Who got the vote in it. */
  readonly vote: NodeId | undefined;
  /**
   * Counts the versions of the file; 0: written by an older release. The table and the watermark
   * say which one they were last written with, so that an old one that comes back is known as such.
   */
  readonly revision: number;
  /** How far the table had come when this was written: one that has not come as far is older. */
  readonly sequence: number;
  /** The incarnation that the table may still name: `refound` writes the member file first. */
  readonly refoundedFrom: number | undefined;
  /** Everything here is being moved aside; a new member may be made afterwards. */
  readonly retired: boolean;
}

/** Name of the file. */
export const memberFile = "member.json";

/**
 * Undefined if there is no member file. One of an older release is given a birth by `birth`; it is
 * admitted, as it has taken part. Damage of this file is not repairable.
 * @throws {StorageError} CORRUPT, IO.
 */
export async function readMember(
  files: Files,
  codec: ConfigurationCodec,
  birth: () => string,
): Promise<Member | undefined> {
  const stored = (await readChecked(files, memberFile).catch(unrepairable)) as StoredMember;
  if (stored === undefined) return undefined;
  const { identity, witness, term, vote } = stored;
  switch (stored.format) {
    case 1: {
      const member = firstMember(identity, witness, birth());
      return { ...member, term, vote, admitted: true, revision: 0, sequence: 0 };
    }
    case 2: {
      const forced = stored.forced && {
        index: stored.forced.index,
        configuration: codec.decode(Buffer.from(stored.forced.configuration, "base64")),
      };
      return { ...stored, vote, forced, refoundedFrom: stored.refoundedFrom };
    }
    default: {
      const what = `${memberFile} has the unknown format ${String(stored.format)}`;
      throw new StorageError("CORRUPT", what, { repairable: false });
    }
  }
}

/** One that has promised nothing yet. */
export function firstMember(identity: Identity, witness: boolean, birth: string): Member {
  return {
    identity,
    witness,
    term: 0,
    vote: undefined,
    birth,
    admitted: false,
    recovering: false,
    forced: undefined,
    revision: 1,
    sequence: 0,
    refoundedFrom: undefined,
    retired: false,
  };
}

/** Durable when it resolves. */
export async function writeMember(
  files: Files,
  codec: ConfigurationCodec,
  member: Member,
): Promise<void> {
  const forced = member.forced && {
    index: member.forced.index,
    configuration: Buffer.from(codec.encode(member.forced.configuration)).toString("base64"),
  };
  const stored: StoredMember = { ...member, forced, format: 2 };
  await writeChecked(files, memberFile, stored);
}

/** Undefined if they are the same; else what differs, in words. */
export function identityDifference(stored: Identity, asked: Identity): string | undefined {
  for (const field of ["cluster", "node", "incarnation"] as const) {
    if (stored[field] === asked[field]) continue;
    return `it belongs to ${field} ${String(stored[field])}, not to ${String(asked[field])}`;
  }
  return undefined;
}

/** @throws {StorageError} WRONG_IDENTITY. */
export function checkIdentity(
  member: Member,
  { identity, witness }: Pick<StorageOptions, "identity" | "witness">,
): void {
  const difference = identityDifference(member.identity, identity);
  if (difference !== undefined) throw new StorageError("WRONG_IDENTITY", difference);
  if (member.witness === (witness === true)) return;
  const kind = member.witness ? "a witness" : "a full member";
  throw new StorageError("WRONG_IDENTITY", `it was made as ${kind}`);
}

type StoredMember = Omit<Member, "forced"> & {
  readonly format: number;
  readonly forced: { readonly index: number; readonly configuration: string } | undefined;
};

function unrepairable(error: unknown): never {
  throw error instanceof StorageError ? asUnrepairable(error) : error;
}
