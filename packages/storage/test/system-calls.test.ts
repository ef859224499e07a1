import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory, using } from "./directory.ts";
import { recordTexts } from "./samples.ts";
import type { Call } from "./system-calls.ts";
import { canTrace, runSlowed, traceLife } from "./system-calls.ts";

describe("the calls of a real process", () => {
  test("make names and content durable before a step is said to be done", async (context) => {
    context.skip(!canTrace(), "needs strace");
    const directory = join(await temporaryDirectory(), "member");
    // Level begins several journals.
    const { said, calls } = await traceLife(directory, 200_000);
    expect(new Set(said.map(({ outcome }) => outcome))).toEqual(new Set(["ok"]));
    const unsafe = new Set<string>();
    const disk = new WatchedDisk(directory);
    let steps = 0;
    for (const call of calls) {
      if (call.rest.startsWith("1<") && call.rest.includes('"ok ')) {
        steps += 1;
        // What compaction deletes is deleted without a sync: it may be there again.
        if (call.rest.includes(" compact")) disk.deletes = true;
        for (const what of disk.unsafe()) unsafe.add(what);
      } else for (const what of disk.see(call)) unsafe.add(what);
    }
    expect([...unsafe]).toEqual([]);
    expect(steps).toBe(said.length);
    expect(disk.journals).toBeGreaterThan(2);
  }, 60_000);

  test("end the storage with the first sync that fails, and lose nothing", async (context) => {
    context.skip(!canTrace(), "needs strace");
    const outcomes = new Set<string>();
    for (const [call, when] of syncs) {
      const directory = join(await temporaryDirectory(), "member");
      const { said } = await traceLife(directory, 100, `${call}:error=EIO:when=${when}`);
      const first = said.findIndex(({ outcome }) => outcome !== "ok");
      const after = said.slice(first).map(({ outcome }) => outcome);
      outcomes.add(after.join(" ").replace(/( IO)+$/, ""));
      const acknowledged = said[first - 1];
      if (acknowledged === undefined) continue;
      await using(
        directory,
        async (storage) => {
          const { lastIndex, term } = acknowledged;
          const { log } = storage;
          const isThere = log.lastIndex() >= lastIndex && storage.hardState().term >= term;
          if (!isThere) outcomes.add(`${call} ${when}: ${lastIndex} was said, not found`);
          if (log.snapshot() !== undefined) await recordTexts(storage);
        },
        { create: true },
      );
    }
    // Nothing but that, whichever sync it was: no step is done after one that was not.
    expect(outcomes).toEqual(new Set(["IO"]));
  }, 120_000);
});

describe("a disk that takes long for every sync", () => {
  test("keeps nobody from doing other things meanwhile", async (context) => {
    context.skip(!canTrace(), "needs strace");
    const directory = join(await temporaryDirectory(), "member");
    const outcome = await runSlowed(directory, ["fsync", "fdatasync"], syncMs);
    for (const { beats, ms } of Object.values(outcome)) {
      expect(ms).toBeGreaterThan(syncMs);
      // One every 10 ms, or as many as a busy machine has time for.
      expect(beats).toBeGreaterThan(syncMs / 10 / 4);
    }
    expect(Object.keys(outcome)).toEqual(["write", "vote", "snapshot", "writes"]);
  }, 60_000);

  test("is waited for once where it makes even small writes to memory wait", async (context) => {
    context.skip(!canTrace(), "needs strace");
    const directory = join(await temporaryDirectory(), "member");
    const { write, writes } = await runSlowed(directory, ["pwrite64"], syncMs);
    // The first one tells.
    expect(write?.ms).toBeGreaterThan(syncMs);
    expect(writes?.ms).toBeGreaterThan(5 * syncMs);
    expect(writes?.beats).toBeGreaterThan((5 * syncMs) / 10 / 4);
  }, 60_000);
});

const syncMs = 200;

/** Of opening, a write, what is known of others, a snapshot, a reset, a vote. */
const syncs: readonly (readonly [string, number])[] = [
  ["fdatasync", 3],
  ["fdatasync", 7],
  ["fdatasync", 9],
  ["fdatasync", 15],
  ["fsync", 5],
  ["fsync", 18],
  ["fsync", 24],
  ["fsync", 36],
];

/** What a power failure could take, by what the calls of a process were. */
class WatchedDisk {
  journals = 0;
  /** Level's journals may hold what need not be durable. */
  deletes = false;
  readonly #directory: string;
  /** Names that were made and whose folder was not synced since. */
  readonly #names = new Set<string>();
  /** Files that were written and not synced since. */
  readonly #contents = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What a power failure could take now though it is needed. */
  unsafe(): string[] {
    const names = [...this.#names].filter(isNeeded).map((path) => `name of ${kindOf(path)}`);
    const contents = [...this.#contents].filter(isNeeded).filter((path) => !this.#isAhead(path));
    return [...names, ...contents.map((path) => `content of ${kindOf(path)}`)];
  }

  /** Gives what should not have been called yet. */
  see({ name, rest }: Call): string[] {
    if (/= -1 /.test(rest) || !rest.includes(this.#directory)) return [];
    const path = /^\d+<([^>]*)>/.exec(rest)?.[1] ?? "";
    const quoted = [...rest.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
    switch (name) {
      case "openat":
        if (rest.includes("O_CREAT")) this.#create(quoted[0] ?? "", rest.includes("O_TRUNC"));
        return [];
      case "rename":
        return this.#rename(quoted[0] ?? "", quoted[1] ?? "");
      case "unlink":
        return this.#remove(quoted[0] ?? "");
      case "fsync":
      case "fdatasync":
        this.#contents.delete(path);
        for (const made of this.#names) if (dirname(made) === path) this.#names.delete(made);
        return [];
      default:
        this.#contents.add(path);
        return [];
    }
  }

  /**
   * The watermark goes to the page cache only. Level merges tables at any time: what it writes into
   * its manifest then is of no concern to a step, as long as what was merged is still there.
   */
  #isAhead(path: string): boolean {
    const isJournal = this.deletes && path.endsWith(".log");
    return isJournal || basename(path) === "watermark" || isManifest(path);
  }

  #remove(path: string): string[] {
    this.#names.delete(path);
    this.#contents.delete(path);
    const early = /\.(log|ldb)$/.test(path) && [...this.#contents].some(isManifest);
    return early ? [`${kindOf(path)} is removed before the manifest is synced`] : [];
  }

  #create(path: string, isNew: boolean): void {
    if (!isNew) return;
    this.#names.add(path);
    if (path.endsWith(".log")) this.journals += 1;
  }

  #rename(from: string, to: string): string[] {
    const early = this.#contents.delete(from) ? [`${kindOf(to)} is renamed before a sync`] : [];
    this.#names.delete(from);
    this.#names.add(to);
    return isNeeded(to) ? early : [];
  }
}

/** Level's own diary, its lock and the note of the owner are not; its tables it looks after. */
function isNeeded(path: string): boolean {
  return !/^LOG(\.old)?$|^LOCK$|owner\.json|\.(ldb|dbtmp|new)$/.test(basename(path));
}

function isManifest(path: string): boolean {
  return basename(path).startsWith("MANIFEST");
}

function kindOf(path: string): string {
  return basename(path).replace(/\d[\d-]*/, "N");
}
