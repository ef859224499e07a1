import { openLevelStorage } from "../src/index.ts";
import { append, codec, identity, mark, records, sampleEntries, voted } from "./samples.ts";

/** Does what a member does to keep its log short, until it is killed; says how far it has come. */
const directory = process.argv[2] as string;
const storage = await openLevelStorage({
  identity,
  codec,
  directory,
  create: true,
  reserveBytes: 0,
});
const say = (): boolean => process.stdout.write(`${storage.log.lastIndex()}\n`);
const text = (index: number, term: number): string => `${index} ${term}`;

for (;;) {
  const term = storage.hardState().term + 1;
  const last = storage.log.lastIndex();
  await storage.write({ ...append(last + 1, last + 30, term, 500), ...voted(term, "n1", last) });
  say();
  await storage.saveSnapshot(mark(last + 20, term), records([text(last + 20, term)]));
  say();
  await storage.compact(last + 10);
  say();
  if (term % 3 !== 0) continue;
  const reset = mark(last + 100, term);
  await storage.stageSnapshot(reset, records([text(reset.index, term)]));
  const entries = sampleEntries(reset.index + 1, reset.index + 5, term, 500);
  await storage.write({ ...voted(term, "n1", reset.index), entries, reset });
  say();
}
