import grpc, { type ServiceError } from "@grpc/grpc-js";
import { MeridianError } from "@meridian/wire";
import type { ByteStream } from "../byte-stream.ts";
import type { Channel } from "../channel.ts";
import type { ChannelConnector, UnaryOptions } from "../channel-connector.ts";
import { ConnectedChannel, givenUp } from "../connected-channel.ts";
import { SERVER_LIMITS } from "../limits.ts";
import { ClientBytes } from "./client-bytes.ts";
import { clientCredentials, clientOptions, type Keepalive, type Tls } from "./client-options.ts";
import { asIs } from "./definition.ts";
import { errorOfStatus, neverSent } from "./status.ts";

/** How a channel connects. */
export interface ChannelOptions extends Partial<Keepalive> {
  readonly tls?: Tls;
  /** Longest message in either direction. */
  readonly messageBytesMax?: number;
}

/** A channel to the node at `address` (host:port). Connects when first used. */
export function openChannel(address: string, options: ChannelOptions = {}): Channel {
  const { keepaliveMs, keepaliveTimeoutMs, messageBytesMax } = { ...SERVER_LIMITS, ...options };
  const client = new grpc.Client(
    address,
    clientCredentials(options.tls),
    // What is only a little too long is refused by us, with our own error.
    clientOptions({ keepaliveMs, keepaliveTimeoutMs }, 2 * messageBytesMax),
  );
  return new ConnectedChannel(address, new GrpcConnector(client), messageBytesMax);
}

class GrpcConnector implements ChannelConnector {
  readonly #client: grpc.Client;
  readonly #streams = new Set<grpc.ClientDuplexStream<Buffer, Buffer>>();

  constructor(client: grpc.Client) {
    this.#client = client;
  }

  open(path: string): ByteStream {
    const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(path, asIs, asIs);
    this.#streams.add(call);
    call.once("status", () => this.#streams.delete(call));
    return new ClientBytes(call);
  }

  call(path: string, request: Buffer, options: UnaryOptions): Promise<Buffer> {
    const { deadlineMs, signal, once } = options;
    return new Promise((resolve, reject) => {
      const abort = (): void => call.cancel();
      const done = (error: ServiceError | null, answer?: Buffer): void => {
        signal?.removeEventListener("abort", abort);
        if (error === null && answer !== undefined) resolve(answer);
        else reject(signal?.aborted === true ? givenUp(signal) : failure(error, once));
      };
      const deadline = Date.now() + deadlineMs;
      const call = this.#client.makeUnaryRequest(path, asIs, asIs, request, { deadline }, done);
      signal?.addEventListener("abort", abort);
    });
  }

  /** `close` of grpc-js would let open calls go on. */
  close(): void {
    for (const call of this.#streams) call.cancel();
    this.#client.close();
  }
}

function failure(error: ServiceError | null, once: boolean): MeridianError {
  if (error === null) return new MeridianError("CORRUPT", "the server answered nothing");
  const found = errorOfStatus(error);
  if (!once || found.code !== "REGION_UNAVAILABLE" || neverSent(error)) return found;
  const description = `lost when it may have been done: ${error.details}`;
  return new MeridianError("UNKNOWN", description, { cause: error });
}
