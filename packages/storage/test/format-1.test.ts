import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openLevelStorage, rebuildLevelStorage } from "../src/index.ts";
import { openAt, temporaryDirectory, using } from "./directory.ts";
import { packedDirectory } from "./format-1.ts";
import { append, codec, content, failure, identity, promise, sampleEntries } from "./samples.ts";

test("a directory of an older release is an admitted member's, with a birth", async () => {
  const directory = await unpacked();
  const options = { identity, codec, directory, reserveBytes: 0 };
  let storage = await openLevelStorage({ ...options, birth: () => "b1" });
  for (const again of [false, true]) {
    if (again) storage = await openLevelStorage({ ...options, birth: () => "b2" });
    expect(storage.member).toMatchObject({ birth: "b1", admitted: true, recovering: false });
    expect(storage.acquaintances.size).toBe(0);
    expect(storage.hardState()).toEqual({ term: 3, vote: "n3", commitIndex: 12 });
    const { entries, records, firstIndex } = await content(storage);
    expect([firstIndex, entries.length, records]).toEqual([6, 18, ["nine", "9"]]);
    expect(storage.log.entries(20, 24, Infinity)).toEqual(sampleEntries(20, 24, 3));
    await storage.close();
  }
  await using(directory, async (reopened) => {
    await reopened.write(append(24, 30, 3));
    expect(await reopened.acquaint("n2", "b2")).toBe("new");
  });
});

test("a member file of an older release is refused once there was a newer one", async () => {
  const directory = await unpacked();
  const path = join(directory, "member.json");
  const old = await readFile(path);
  await using(directory, (storage) => storage.write(promise(4, "n1")));
  await writeFile(path, old);
  await using(directory, async (storage) => expect(storage.hardState().term).toBe(4));
  for (const file of ["member.json", "member-copy.json"])
    await writeFile(join(directory, file), old);
  expect(await failure(openAt(directory))).toMatchObject({ code: "CORRUPT", repairable: false });
});

test("a damaged directory of an older release is rebuilt with its promises", async () => {
  const directory = await unpacked();
  await writeFile(join(directory, "log/CURRENT"), "rubbish");
  expect(await failure(openAt(directory))).toMatchObject({ code: "CORRUPT", repairable: true });
  const options = { identity, codec, directory, reserveBytes: 0, birth: () => "b1" };
  const storage = await rebuildLevelStorage(options);
  expect(storage.hardState()).toEqual({ term: 3, vote: "n3", commitIndex: 0 });
  expect(storage.member).toMatchObject({ birth: "b1", admitted: true, recovering: true });
  await storage.close();
});

async function unpacked(): Promise<string> {
  const directory = join(await temporaryDirectory(), "member");
  const json = gunzipSync(Buffer.from(packedDirectory, "base64")).toString();
  for (const [path, data] of Object.entries(JSON.parse(json) as Record<string, string>)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), Buffer.from(data, "base64"));
  }
  return directory;
}
