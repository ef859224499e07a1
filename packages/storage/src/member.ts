import type { NodeId } from "@meridian/consensus";
import { readChecked, writeChecked } from "./checked-lines.ts";
import type { Files } from "./medium.ts";
import type { StorageOptions } from "./options.ts";
import type { ConfigurationCodec } from "./snapshot-description.ts";
import type { Identity, MemberRecord } from "./storage.ts";
import { asUnrepairable, StorageError } from "./storage.ts";

/**
 * Who the member is and what it has promised. It lies outside the table, in a file that exists
 * twice from the moment the member was made: with both gone, or with one there and the table gone,
 * the member refuses to start. Otherwise an emptied disk would let it vote a second time in a term.
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
/** The same once more: one bad sector must not cost a member. */
export const memberCopyFile = "member-copy.json";

/** A member, and what its two files are like. */
export interface FoundMember {
  readonly member: Member;
  /** One of them is older, as a crash may leave it, or cannot be used. */
  readonly differ: boolean;
  /** One of them is damaged or gone. */
  readonly restored: boolean;
}

/**
 * Undefined if there is neither file. The newer one counts: what was promised is in both. One of an
 * older release, which had no copy, is given a birth by `birth`; it is admitted, as it has taken
 * part. Damage of both is not repairable.
 * @throws {StorageError} CORRUPT, IO.
 */
export async function readMember(
  files: Files,
  codec: ConfigurationCodec,
  birth: () => string,
): Promise<FoundMember | undefined> {
  const members: Member[] = [];
  let damage: StorageError | undefined;
  for (const name of [memberFile, memberCopyFile]) {
    try {
      const stored = (await readChecked(files, name)) as StoredMember | undefined;
      if (stored !== undefined) members.push(parseMember(stored, codec, birth));
    } catch (error) {
      if (!(error instanceof StorageError && error.code === "CORRUPT")) throw error;
      damage ??= asUnrepairable(error);
    }
  }
  const [one, other] = members.toSorted((a, b) => b.revision - a.revision);
  if (one === undefined && damage !== undefined) throw damage;
  if (one === undefined) return undefined;
  const restored = other === undefined && one.revision > 0;
  return { member: one, differ: one.revision !== other?.revision, restored };
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

/** In both files, durably, when it resolves. */
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
  await Promise.all([
    writeChecked(files, memberFile, stored),
    writeChecked(files, memberCopyFile, stored),
  ]);
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

function parseMember(stored: StoredMember, codec: ConfigurationCodec, birth: () => string): Member {
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
