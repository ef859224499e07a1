import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { rebuildLevelStorage, refoundLevelStorage, retireLevelStorage } from "../src/index.ts";
import { openAt, temporaryDirectory, using } from "./directory.ts";
import {
  codec,
  configuration,
  content,
  entryText,
  identity,
  refusal,
  sampleEntries,
  seeded,
} from "./samples.ts";

test("a second process is refused and told who has the directory", async () => {
  const directory = join(await temporaryDirectory(), "member");
  const { child, written } = processOf(writing, directory);
  await written(3);
  const attempt = openAt(directory);
  await expect(attempt).rejects.toThrow(`is in use by process ${child.pid} on`);
  expect(await refusal(attempt)).toBe("IN_USE");
});

test("a second process ends and says which one has the directory", async () => {
  const directory = join(await temporaryDirectory(), "member");
  const { child, written } = processOf(writing, directory);
  await written(3);
  const command = [...sourceOptions, fileURLToPath(writing), directory];
  const second = spawnSync(process.execPath, command, {
    encoding: "utf8",
  });
  expect(second.status).toBe(1);
  expect(second.stderr).toContain(`[IN_USE] ${directory} is in use by process ${child.pid} on`);
  expect(second.stdout).toBe("");
  await written(3);
});

test("nothing is rebuilt, refounded or retired under another process", async () => {
  const directory = join(await temporaryDirectory(), "member");
  const { written } = processOf(writing, directory);
  await written(3);
  const options = { identity, codec, directory, reserveBytes: 0 };
  const next = { ...identity, incarnation: 2 };
  expect(await refusal(rebuildLevelStorage(options))).toBe("IN_USE");
  expect(await refusal(retireLevelStorage(options))).toBe("IN_USE");
  const refounding = { ...options, identity: next, from: identity, configuration };
  expect(await refusal(refoundLevelStorage(refounding))).toBe("IN_USE");
  await written(3);
});

test("snapshots, compaction and resets survive a kill at any moment", async () => {
  const directory = join(await temporaryDirectory(), "member");
  const random = seeded(5);
  let resets = 0;
  for (let i = 0; i < 8; i++) {
    const { child, written } = processOf(maintaining, directory);
    const before = await written(1 + Math.floor(random() * 40));
    child.kill("SIGKILL");
    const acknowledged = Math.max(before, await written(Infinity));
    await using(directory, async (storage) => {
      const { log } = storage;
      expect(log.lastIndex()).toBeGreaterThanOrEqual(acknowledged);
      const { entries, snapshot, records: found, firstIndex } = await content(storage);
      // Every entry tells its own index and term, every snapshot its mark.
      const texts = entries.map((text, at) => {
        const index = firstIndex + at;
        const term = log.term(index) ?? 0;
        return (
          text ===
          sampleEntries(index, index + 1, term, 500)
            .map(entryText)
            .join()
        );
      });
      expect(texts).not.toContain(false);
      expect(found).toEqual(snapshot && [`${snapshot.index} ${snapshot.term}`]);
      expect(firstIndex).toBeLessThanOrEqual((snapshot?.index ?? 0) + 1);
      resets = Math.max(resets, storage.hardState().term);
    });
  }
  expect(resets).toBeGreaterThan(3);
}, 60_000);

test("what a killed process had been told is written is there", async () => {
  const directory = join(await temporaryDirectory(), "member");
  let acknowledged = 0;
  for (const writes of [1, 40, 300]) {
    const { child, written } = processOf(writing, directory);
    acknowledged = await written(writes);
    child.kill("SIGKILL");
    acknowledged = Math.max(acknowledged, await written(Infinity));
    await using(directory, async ({ log }) => {
      const last = log.lastIndex();
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      expect(log.entries(1, last + 1, Infinity)).toEqual(sampleEntries(1, last + 1));
    });
  }
});

test("a full disk is opened and read, and written again when there is space", async (context) => {
  const root = await temporaryDirectory();
  const mount = 'mount -t tmpfs -o size=256m none "$1" && shift && exec "$@"';
  const isolated = ["--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", root];
  const probe = spawnSync(isolator, [...isolated, "true"]);
  context.skip(probe.status !== 0, "needs unshare and user namespaces");
  const script = fileURLToPath(new URL("./full-disk.ts", import.meta.url));
  const command = [...isolated, process.execPath, ...sourceOptions, script, root];
  const { stdout, stderr } = spawnSync(isolator, command, { encoding: "utf8" });
  expect(stderr).toBe("");
  const outcome = JSON.parse(stdout) as Record<string, unknown>;
  const written = Number(outcome["written"]);
  expect(written).toBeGreaterThan(1000);
  expect(outcome).toEqual({
    written,
    votes: "yes",
    afterRoom: "yes",
    found: written + 1,
    whenFull: "FULL",
    afterwards: "yes",
    whenFilled: "FULL",
    votesThen: "yes",
    snapshotThen: "FULL, retryable",
    readThen: written + 1,
    afterFilled: "yes",
    snapshotAfterwards: "yes",
    term: 6,
    last: written + 3,
    kinds: ["reserve-freed", "reserve-freed"],
  });
}, 30_000);

/** Gives a process a file system of its own, where the kernel lets everybody do so. */
const isolator = "unshare";
const writing = new URL("./child.ts", import.meta.url);
const maintaining = new URL("./maintenance.ts", import.meta.url);
const sourceOptions = ["--conditions", "@meridian/source", "--import", "tsx"];

/**
 * A process that writes; `written` waits for so many more writes, or its end, and gives the last
 * index.
 */
function processOf(
  script: URL,
  directory: string,
): {
  child: ChildProcess;
  written: (writes: number) => Promise<number>;
} {
  const child = spawn(process.execPath, [...sourceOptions, fileURLToPath(script), directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const written = async (writes: number): Promise<number> => {
    let last = 0;
    for (let i = 0; i < writes; i++) {
      const line = await lines.next();
      if (line.done === true) break;
      last = Number(line.value);
    }
    return last;
  };
  return { child, written };
}
