import { open as openFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Storage, StorageNotice } from "../src/index.ts";
import { openLevelStorage, StorageError } from "../src/index.ts";
import { append, codec, identity, mark, promise, records } from "./samples.ts";

/** Fills a small file system and says, in JSON, what became of the storage on it. */
const root = process.argv[2] as string;
const ballast = join(root, "ballast");
const mebibyte = 1024 * 1024;
const notices: StorageNotice[] = [];

const open = (): Promise<Storage> =>
  openLevelStorage({
    identity,
    codec,
    directory: join(root, "member"),
    create: true,
    onNotice: (notice) => notices.push(notice),
  });

/** Writes until it is refused. */
async function fill(storage: Storage): Promise<void> {
  const next = storage.log.lastIndex() + 1;
  const refused = await storage.write(append(next, next + 40, 1, 5000)).catch((error: unknown) => {
    if (error instanceof StorageError && error.code === "FULL") return true;
    throw error;
  });
  if (refused !== true) await fill(storage);
}

/** Fills what is left, as another program would. */
async function fillByOthers(): Promise<void> {
  const file = await openFile(join(root, "others"), "w");
  const block = Buffer.alloc(64 * 1024, 1);
  const isFull = async (): Promise<boolean> =>
    file.write(block).then(
      ({ bytesWritten }) => bytesWritten < block.length,
      () => true,
    );
  while (!(await isFull()));
  await file.close();
}

/** Whether one more write is taken. */
async function takesWrite(storage: Storage): Promise<string> {
  const next = storage.log.lastIndex() + 1;
  return await storage.write(append(next, next + 1)).then(
    () => "yes",
    (error: unknown) => (error as { code: string }).code,
  );
}

/** Of the newest state. */
function save(storage: Storage): Promise<void> {
  return storage.saveSnapshot(mark(storage.log.lastIndex()), records(["x".repeat(100_000)]));
}

function code(error: unknown): string {
  return error instanceof StorageError && error.retryable
    ? `${error.code}, retryable`
    : String(error);
}

await writeFile(ballast, Buffer.alloc(60 * mebibyte));
let storage = await open();
await fill(storage);
const written = storage.log.lastIndex();
const votes = await storage.write(promise(5, "n2")).then(() => "yes");
await rm(ballast);
const afterRoom = await takesWrite(storage);
await storage.close();

await fillByOthers();
storage = await open();
const found = storage.log.entries(1, written + 2, Infinity).length;
const whenFull = await takesWrite(storage);
await rm(join(root, "others"));
const afterwards = await takesWrite(storage);

// While it is open, and to the last byte.
await fillByOthers();
const whenFilled = await takesWrite(storage);
const votesThen = await storage.write(promise(6, "n1")).then(() => "yes", code);
const snapshotThen = await save(storage).then(() => "yes", code);
const readThen = storage.log.entries(1, written + 2, Infinity).length;
await storage.compact(10);
await rm(join(root, "others"));
const afterFilled = await takesWrite(storage);
const snapshotAfterwards = await save(storage).then(() => "yes", code);
await storage.close();
storage = await open();
const { term } = storage.hardState();
const last = storage.log.lastIndex();
await storage.close();
const kinds = notices.map(({ kind }) => kind);
const first = { written, votes, afterRoom, found, whenFull, afterwards };
const second = { whenFilled, votesThen, snapshotThen, readThen, afterFilled, snapshotAfterwards };
const outcome = { ...first, ...second, term, last, kinds };
process.stdout.write(JSON.stringify(outcome));
