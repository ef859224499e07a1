import { createServer } from "node:net";

import { portsOfSystem } from "../system.ts";

/** Blocks that are gone round: the sockets of a cluster that was ended may linger for a while. */
const blocks = 10;

/** Hands out blocks of free ports of 127.0.0.1 from a base on, never the same twice in a row. */
export class PortBlocks {
  readonly #base: number;
  #next = 0;

  constructor(base: number) {
    this.#base = base;
  }

  /** First port of `portsOfSystem` free ones. @throws {Error} when no block is free. */
  async take(): Promise<number> {
    for (let tried = 0; tried < blocks; tried += 1) {
      const from = this.#base + (this.#next % blocks) * portsOfSystem;
      this.#next += 1;
      const ports = Array.from({ length: portsOfSystem }, (_, index) => from + index);
      const free = await Promise.all(ports.map((port) => isFree(port)));
      if (free.every(Boolean)) return from;
    }
    const to = this.#base + blocks * portsOfSystem - 1;
    throw new Error(`no ${portsOfSystem} ports in a row are free from ${this.#base} to ${to}`);
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
