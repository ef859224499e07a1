import { createServer } from "node:net";

import { portHolders, type PortHolder } from "../server/port-holder.ts";

/** Ports in a row that were wanted and are in use by one process. */
export interface TakenPorts {
  readonly from: number;
  /** The last of them. */
  readonly to: number;
  readonly holder: PortHolder | undefined;
}

const portMax = 65_535;

/**
 * Hands out free ports of a host in ascending order, and remembers those that it had to leave out.
 */
export class PortBlock {
  readonly #host: string;
  readonly #taken: number[] = [];
  #next: number;

  constructor(host: string, base: number) {
    this.#host = host;
    this.#next = base;
  }

  /** Ports left out so far. */
  get taken(): readonly number[] {
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
      this.#taken.push(port);
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

/** Who holds ports, in ascending order; neighbours of one holder are told together. */
export function holdersOf(ports: readonly number[]): readonly TakenPorts[] {
  const holders = portHolders(ports);
  const taken: TakenPorts[] = [];
  for (const port of ports) {
    const holder = holders.get(port);
    const last = taken.at(-1);
    if (last !== undefined && last.to + 1 === port && last.holder?.pid === holder?.pid) {
      taken[taken.length - 1] = { ...last, to: port };
    } else taken.push({ from: port, to: port, holder });
  }
  return taken;
}
