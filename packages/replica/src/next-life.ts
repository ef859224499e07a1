import type { Configuration } from "@meridian/consensus";
import type { Identity, Storage } from "@meridian/storage";
import { abandonedSuffix, suffixLines } from "./abandoned-suffix.ts";
import { forkOf } from "./fork.ts";
import type { Log } from "./log.ts";
import type { Succession } from "./succession.ts";

/** What is done to a member's data between two of its lives; see the functions of the storage. */
export interface MemberDisk {
  /** Makes a new member with a birth that is given. */
  make(identity: Identity, birth: string): Promise<Storage>;
  refound(from: Identity, identity: Identity, configuration: Configuration): Promise<Storage>;
  retire(identity: Identity): Promise<void>;
  /** Writes lines into a file of this name beside the data; durable when it resolves. */
  keep(name: string, lines: Iterable<string>): Promise<void>;
}

/**
 * Prepares the data of a member for its next life, in another incarnation. Takes the storage over
 * from the life that has ended, and closes it.
 *
 * What an abandoned member holds beyond the fork is written to a journal first, entry by entry, and
 * counted: it is neither merged nor forgotten, and the data itself stays in a folder of its own.
 * Then the member is made anew, empty, under the birth that the others know.
 * @throws {StorageError}
 */
export async function beginNextLife(
  storage: Storage,
  { kind, incarnation, configuration }: Succession,
  disk: MemberDisk,
  log: Log,
): Promise<void> {
  const { identity: from, member } = storage;
  const identity = { ...from, incarnation };
  const isBlank = storage.log.lastIndex() === 0 && !member.admitted;
  if (kind === "abandoned" && !isBlank) {
    await exportSuffix(storage, configuration, disk, log);
    await storage.close();
    await disk.retire(from);
    const made = await disk.make(from, member.birth);
    await made.close();
  } else await storage.close();
  const next = await disk.refound(from, identity, configuration);
  await next.close();
  log.warn({ from: from.incarnation, incarnation }, "going on in another incarnation");
}

async function exportSuffix(
  storage: Storage,
  configuration: Configuration,
  disk: MemberDisk,
  log: Log,
): Promise<void> {
  const fork = forkOf(configuration);
  if (fork === undefined) return;
  const { cluster, node, incarnation } = storage.identity;
  const suffix = abandonedSuffix(storage.log, fork);
  const { commitIndex } = storage.hardState();
  const facts = { cluster, node, incarnation, fork: fork.last, commitIndex };
  const name = `divergence/${cluster}-${incarnation}.jsonl`;
  await disk.keep(name, suffixLines(storage.log, suffix, facts));
  const { from, held, to } = suffix;
  log.warn(
    { file: name, from, entries: to - held, unlisted: held - from },
    "this member's incarnation was abandoned: what only it and others of it had is in the file",
  );
}
