import { connect, createServer, type Server, type Socket } from "node:net";

import { openChannel } from "@meridian/transport";

/** What looks at the bytes of one connection on their way. */
export interface Onlooker {
  fromClient(chunk: Buffer): void;
  /** Passes on what may go on. False: the connection is to be cut here. */
  fromServer(chunk: Buffer, pass: (bytes: Buffer) => void): boolean;
}

/** Lets everything through. */
const blind: Onlooker = {
  fromClient() {},
  fromServer(chunk, pass) {
    pass(chunk);
    return true;
  },
};

/** Stands before one node for one client, and can cut what goes through it. */
class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<() => void>();
  readonly #look: () => Onlooker;
  readonly #isDark: () => boolean;
  address = "";

  constructor(target: string, look: () => Onlooker, isDark: () => boolean) {
    this.#look = look;
    this.#isDark = isDark;
    this.#server = createServer((caller) => this.#join(caller, target));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        const at = this.#server.address();
        if (at === null || typeof at === "string") throw new Error("a port was expected");
        this.address = `127.0.0.1:${at.port}`;
        resolve();
      });
    });
  }

  /** Resets all connections. How many there were. */
  cut(): number {
    const count = this.#pairs.size;
    for (const end of this.#pairs) end();
    return count;
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(caller: Socket, target: string): void {
    if (this.#isDark()) {
      caller.on("error", () => {});
      caller.resetAndDestroy();
      return;
    }
    const [host = "", port = ""] = target.split(":");
    const node = connect({ host, port: Number(port), noDelay: true });
    caller.setNoDelay(true);
    const onlooker = this.#look();
    const end = (): void => {
      this.#pairs.delete(end);
      caller.resetAndDestroy();
      node.resetAndDestroy();
    };
    this.#pairs.add(end);
    caller.on("data", (chunk: Buffer) => {
      onlooker.fromClient(chunk);
      node.write(chunk);
    });
    node.on("data", (chunk: Buffer) => {
      if (!onlooker.fromServer(chunk, (bytes) => caller.write(bytes))) end();
    });
    for (const socket of [caller, node]) {
      socket.on("error", end);
      socket.on("close", end);
    }
  }
}

/**
 * The way of one client to the nodes of a cluster: a proxy before each. A client gets its
 * `openChannel`, which turns the addresses that the nodes give into those of the proxies.
 */
export class Proxies implements AsyncDisposable {
  readonly #byTarget = new Map<string, Proxy>();
  #isDark = false;

  private constructor() {}

  /** Proxies before all of these addresses; `look` gives each connection its onlooker. */
  static async before(
    targets: readonly string[],
    look: () => Onlooker = () => blind,
  ): Promise<Proxies> {
    const proxies = new Proxies();
    for (const target of targets) {
      const proxy = new Proxy(target, look, () => proxies.#isDark);
      await proxy.listen();
      proxies.#byTarget.set(target, proxy);
    }
    return proxies;
  }

  /** Opens a channel that goes through the proxy of the address. */
  readonly openChannel = (address: string): ReturnType<typeof openChannel> => {
    return openChannel(this.#byTarget.get(address)?.address ?? address);
  };

  /** Resets all connections. How many there were. */
  cut(): number {
    let count = 0;
    for (const proxy of this.#byTarget.values()) count += proxy.cut();
    return count;
  }

  /** Cuts everything, and lets nothing through until it is taken back. */
  set dark(isDark: boolean) {
    this.#isDark = isDark;
    if (isDark) this.cut();
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#byTarget.values()) proxy.close();
    return Promise.resolve();
  }
}
