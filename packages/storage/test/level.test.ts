import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLevelStorage } from "../src/index.ts";
import { storageContract } from "./contract.ts";

storageContract("level storage", async () => {
  const root = await mkdtemp(join(tmpdir(), "meridian-storage-"));
  const directory = join(root, "member");
  return {
    open: (options) => openLevelStorage({ ...options, directory, reserveBytes: 4096 }),
    remove: () => rm(root, { recursive: true }),
  };
});
