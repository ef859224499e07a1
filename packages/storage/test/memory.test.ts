import {
  MemoryDisk,
  openMemoryStorage,
  rebuildMemoryStorage,
  refoundMemoryStorage,
  retireMemoryStorage,
} from "../src/index.ts";
import { storageContract } from "./contract.ts";

storageContract("memory storage", async () => {
  const disk = new MemoryDisk();
  return {
    open: (options) => openMemoryStorage({ ...options, disk }),
    rebuild: (options) => rebuildMemoryStorage({ ...options, disk }),
    refound: (options) => refoundMemoryStorage({ ...options, disk }),
    retire: (options) => retireMemoryStorage({ ...options, disk }),
    lose: async (file) => disk.lose(file),
    remove: async () => undefined,
  };
});
