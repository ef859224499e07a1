import { openLevelStorage } from "../src/index.ts";
import { append, codec, identity } from "./samples.ts";

/** Writes until it is killed, and says after each write how far it has come. */
const directory = process.argv[2] as string;
const storage = await openLevelStorage({
  identity,
  codec,
  directory,
  create: true,
  reserveBytes: 0,
});
for (;;) {
  const next = storage.log.lastIndex() + 1;
  await storage.write(append(next, next + 1 + (next % 5)));
  process.stdout.write(`${storage.log.lastIndex()}\n`);
}
