import { createServer } from "node:net";

import { portHolder, type PortHolder } from "../server/port-holder.ts";

/** A port that was wanted and is in use by something else. */
export interface TakenPort {
  readonly port: number;
  readonly holder: PortHolder | undefined;
}

const portMax = 65_535;

/**
 * Hands out free ports of a host in ascending order, and remembers those that it had to leave out.
 */
export class PortBlock {
  readonly #host: string;
  readonly #taken: TakenPort[] = [];
  #next: number;

  constructor(host: string, base: number) {
    this.#host = host;
    this.#next = base;
  }

  /** Ports left out so far, with who holds them. */
  get taken(): readonly TakenPort[] {
    return this.#taken;
  }

  /** First port that was not looked at yet. */
  get next(): number {
    return this.#next;
  }

  /** The next free port. @throws {RangeError} when there is none left. */
  async take(): Promise<number> {
    for (;;) {
      const port = this.#next;
      if (port > portMax) throw new RangeError(`no free port below ${portMax + 1} is left`);
      this.#next += 1;
      if (await isFree(this.#host, port)) return port;
      this.#taken.push({ port, holder: portHolder(port) });
    }
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
