import { resolve } from "node:path";
import { DirectoryFiles } from "./level-files.ts";
import { readMember } from "./member.ts";
import type { ConfigurationCodec } from "./snapshot-description.ts";
import type { Identity } from "./storage.ts";

/**
 * Who the member in a directory is, without opening it: its incarnation is not in anybody's
 * settings. Undefined when there is none. @throws {StorageError} CORRUPT, IO.
 */
export async function levelIdentity(
  directory: string,
  codec: ConfigurationCodec,
): Promise<Identity | undefined> {
  const files = new DirectoryFiles(resolve(directory));
  const found = await readMember(files, codec, () => "");
  return found?.member.retired === false ? found.member.identity : undefined;
}
