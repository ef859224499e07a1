import { GrpcConnection, type OnAnswer } from "./grpc-connection.ts";

const reconnectMs = 10;

/** A client that knows all servers: when its connection is lost it goes on with the next one. */
export class EtcdClient {
  readonly #addresses: readonly string[];
  #place: number;
  #connection: GrpcConnection | undefined;

  private constructor(addresses: readonly string[], first: number) {
    this.#addresses = addresses;
    this.#place = first;
  }

  /** Connects, if it can to the server of that place. Resolves once it is connected. */
  static async connect(addresses: readonly string[], first: number): Promise<EtcdClient> {
    const client = new EtcdClient(addresses, first);
    await client.#connect();
    return client;
  }

  /** Calls a method; what is called while there is no connection counts as lost. */
  call(method: string, message: Buffer, onAnswer: OnAnswer): void {
    if (this.#connection === undefined) onAnswer(undefined);
    else this.#connection.call(method, message, onAnswer);
  }

  /** Begins a stream. @throws {Error} while there is no connection. */
  stream(method: string, onMessage: (message: Buffer) => void): (message: Buffer) => void {
    if (this.#connection === undefined) throw new Error("there is no connection");
    return this.#connection.stream(method, onMessage);
  }

  /** See `GrpcConnection.giveUpOldest`. */
  giveUpOldest(olderThanMs: number): void {
    this.#connection?.giveUpOldest(olderThanMs);
  }

  async #connect(): Promise<void> {
    for (;;) {
      const address = this.#addresses[this.#place % this.#addresses.length] ?? "";
      try {
        this.#connection = await GrpcConnection.connect(address, () => this.#onClose());
        return;
      } catch {
        this.#place += 1;
        await new Promise((resolve) => setTimeout(resolve, reconnectMs));
      }
    }
  }

  #onClose(): void {
    this.#connection = undefined;
    this.#place += 1;
    void this.#connect();
  }
}
