import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openLevelStorage,
  rebuildLevelStorage,
  refoundLevelStorage,
  retireLevelStorage,
} from "../src/index.ts";
import { storageContract } from "./contract.ts";

storageContract("level storage", async () => {
  const root = await mkdtemp(join(tmpdir(), "meridian-storage-"));
  const directory = join(root, "member");
  const on = { directory, reserveBytes: 4096 };
  return {
    open: (options) => openLevelStorage({ ...options, ...on }),
    rebuild: (options) => rebuildLevelStorage({ ...options, ...on }),
    refound: (options) => refoundLevelStorage({ ...options, ...on }),
    retire: (options) => retireLevelStorage({ ...options, ...on }),
    lose: (file) => rm(join(directory, file)),
    remove: () => rm(root, { recursive: true }),
  };
});
