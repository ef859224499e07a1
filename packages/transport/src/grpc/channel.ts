import grpc, { type ServiceError } from "@grpc/grpc-js";
import { MeridianError } from "@meridian/wire";
import type { ByteStream } from "../byte-stream.ts";
import type { Channel } from "../channel.ts";
import type { ChannelConnector, UnaryOptions } from "../channel-connector.ts";
import { ConnectedChannel, givenUp } from "../connected-channel.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { ClientBytes } from "./client-bytes.ts";
import {
  clientCredentials,
  clientOptions,
  FAR_WINDOW_BYTES,
  type Keepalive,
  type Tls,
  WINDOW_BYTES,
} from "./client-options.ts";
import { whenConnected } from "./connecting.ts";
import { asIs } from "./definition.ts";
import { errorOfStatus, neverSent } from "./status.ts";

const { READY } = grpc.connectivityState;

/** How a channel connects. */
export interface ChannelOptions extends Partial<Keepalive> {
  /** Time for a connection to come about; what waits for it then fails. Default: 5 seconds. */
  readonly connectMs?: number;
  readonly tls?: Tls;
  /** Longest message in either direction. */
  readonly messageBytesMax?: number;
  /** The other side may be in another region, and what it sends is read at once. */
  readonly isFar?: boolean;
}

/** Time for a connection to come about, by default. */
const CONNECT_MS = 5000;

/** A channel to the node at `address` (host:port). Connects when first used. */
export function openChannel(address: string, options: ChannelOptions = {}): Channel {
  const { keepaliveMs, keepaliveTimeoutMs, messageBytesMax } = { ...SERVER_LIMITS, ...options };
  // What is only a little too long is refused by us, with our own error.
  const windowBytes = options.isFar === true ? FAR_WINDOW_BYTES : WINDOW_BYTES;
  const keepalive = { keepaliveMs, keepaliveTimeoutMs };
  const settings = clientOptions(keepalive, 2 * messageBytesMax, windowBytes);
  const newClient = (): grpc.Client =>
    new grpc.Client(address, clientCredentials(options.tls), settings);
  const connectMs = options.connectMs ?? CONNECT_MS;
  const connector = new GrpcConnector(newClient, connectMs, 2 * messageBytesMax);
  return new ConnectedChannel(address, connector, messageBytesMax);
}

/** A call of either kind. */
type Call = Pick<grpc.ClientUnaryCall, "cancel">;

/** Calls and streams over connections of one client at a time, made anew when an attempt hangs. */
export class GrpcConnector implements ChannelConnector {
  readonly #newClient: () => grpc.Client;
  readonly #connectMs: number;
  readonly #messageBytesMax: number;
  readonly #calls = new Set<Call>();
  #client: grpc.Client;
  #connecting = false;

  /** `messageBytesMax`: longest message of a stream that is taken. */
  constructor(newClient: () => grpc.Client, connectMs: number, messageBytesMax: number) {
    this.#newClient = newClient;
    this.#connectMs = connectMs;
    this.#messageBytesMax = messageBytesMax;
    this.#client = newClient();
  }

  open(path: string): ByteStream {
    this.#connect();
    const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(path, asIs, asIs);
    this.#calls.add(call);
    call.once("status", () => this.#calls.delete(call));
    return new ClientBytes(call, this.#messageBytesMax);
  }

  call(path: string, request: Buffer, options: UnaryOptions): Promise<Buffer> {
    const { deadlineMs, signal, once } = options;
    this.#connect();
    return new Promise((resolve, reject) => {
      const abort = (): void => call.cancel();
      const done = (error: ServiceError | null, answer?: Buffer): void => {
        this.#calls.delete(call);
        signal?.removeEventListener("abort", abort);
        if (error === null && answer !== undefined) resolve(answer);
        else reject(signal?.aborted === true ? givenUp(signal) : failure(error, once));
      };
      const deadline = Date.now() + deadlineMs;
      const call = this.#client.makeUnaryRequest(path, asIs, asIs, request, { deadline }, done);
      this.#calls.add(call);
      signal?.addEventListener("abort", abort);
    });
  }

  close(): void {
    this.#drop();
  }

  /**
   * An attempt at an address that swallows packets would hold everything up for minutes, and also
   * go on long after the address answers again: it is given up, and the next use begins anew.
   */
  #connect(): void {
    const client = this.#client;
    if (this.#connecting || client.getChannel().getConnectivityState(false) === READY) return;
    this.#connecting = true;
    whenConnected(client, this.#connectMs, (outcome) => {
      this.#connecting = false;
      if (outcome !== "timeout" || this.#client !== client) return;
      this.#drop();
      this.#client = this.#newClient();
    });
  }

  /** Calls that wait for a connection learn that they were never sent; others are cancelled. */
  #drop(): void {
    const open = [...this.#calls];
    this.#client.close();
    setImmediate(() => {
      for (const call of open) if (this.#calls.has(call)) call.cancel();
    });
  }
}

function failure(error: ServiceError | null, once: boolean): MeridianError {
  if (error === null) return new MeridianError("CORRUPT", "the server answered nothing");
  const found = errorOfStatus(error);
  if (!once || found.code !== "REGION_UNAVAILABLE" || neverSent(error)) return found;
  const description = `lost when it may have been done: ${error.details}`;
  return new MeridianError("UNKNOWN", description, { cause: error });
}
