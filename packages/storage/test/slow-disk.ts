import { openLevelStorage } from "../src/index.ts";
import { append, codec, identity, mark, records, voted } from "./samples.ts";

/** Writes on a disk that is made slow from outside, and says how often it could do other things. */
const directory = process.argv[2] as string;
const storage = await openLevelStorage({
  identity,
  codec,
  directory,
  create: true,
  reserveBytes: 0,
});
let beats = 0;
const timer = setInterval(() => {
  beats += 1;
}, 10);

/** Beats during a task, and how long it took. */
async function during(task: () => Promise<unknown>): Promise<{ beats: number; ms: number }> {
  const [before, begun] = [beats, performance.now()];
  await task();
  return { beats: beats - before, ms: performance.now() - begun };
}

/** With the small writes beside them. */
async function writes(count: number): Promise<void> {
  for (let at = 10; at < 10 + count; at++) await storage.write(append(at, at + 1, 2));
}

const outcome = {
  write: await during(() => storage.write(append(1, 9))),
  vote: await during(() => storage.write({ ...append(9, 10), ...voted(2, "n2") })),
  snapshot: await during(() => storage.saveSnapshot(mark(5), records(["five"]))),
  writes: await during(() => writes(5)),
};
clearInterval(timer);
await storage.close();
process.stdout.write(JSON.stringify(outcome));
