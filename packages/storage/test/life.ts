import type { Storage } from "../src/index.ts";
import { openLevelStorage, StorageError } from "../src/index.ts";
import { append, codec, identity, mark, promise, records, voted } from "./samples.ts";

/**
 * Does everything that a member does with its storage, and says after each step how it went and how
 * far the log has come. Goes on after a failure: what fails then has to fail too.
 */
const directory = process.argv[2] as string;
const entryBytes = Number(process.argv[3]);

const steps: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
  write: (storage) => storage.write({ ...append(1, 5, 1, entryBytes), ...voted(1, "n1") }),
  acquaint: (storage) => storage.acquaint("n2", "b2"),
  admit: (storage) => storage.admit(),
  append: (storage) => more(storage, 50),
  save: (storage) => storage.saveSnapshot(mark(10), records(["ten"])),
  vote: (storage) => storage.write(promise(2, "n3")),
  compact: (storage) => storage.compact(8),
  more: (storage) => more(storage, 60),
  stage: (storage) => storage.stageSnapshot(mark(90, 2), records(["ninety"])),
  reset: (storage) =>
    storage.write({ ...append(91, 94, 2, entryBytes), ...voted(3, "n1"), reset: mark(90, 2) }),
  last: (storage) => more(storage, 99),
};

async function more(storage: Storage, to: number): Promise<void> {
  const next = storage.log.lastIndex() + 1;
  if (next > to) return;
  await storage.write(append(next, next + 1, 2, entryBytes));
  say(storage, "ok", "append");
  await more(storage, to);
}

function say(storage: Storage, outcome: string, step: string): void {
  const { term } = storage.hardState();
  process.stdout.write(`${outcome} ${storage.log.lastIndex()} ${term} ${step}\n`);
}

try {
  const storage = await openLevelStorage({
    identity,
    codec,
    directory,
    create: true,
    reserveBytes: 0,
  });
  say(storage, "ok", "open");
  for (const [name, step] of Object.entries(steps)) {
    const code = await step(storage).then(
      () => "ok",
      (error: unknown) => (error instanceof StorageError ? error.code : String(error)),
    );
    say(storage, code, name);
  }
  await storage.close();
} catch (error) {
  process.stdout.write(`${error instanceof StorageError ? error.code : String(error)} 0 0 open\n`);
}
