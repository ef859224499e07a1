import { MemoryDisk, openMemoryStorage } from "../src/index.ts";
import { storageContract } from "./contract.ts";

storageContract("memory storage", async () => {
  const disk = new MemoryDisk();
  return {
    open: (options) => openMemoryStorage({ ...options, disk }),
    remove: async () => undefined,
  };
});
