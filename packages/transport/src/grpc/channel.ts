import grpc, { type CallOptions as GrpcCallOptions, type ServiceError } from "@grpc/grpc-js";
import {
  AdminService,
  ChangesService,
  CoordinationService,
  LocalPlatformService,
  MeridianError,
  type Encodable,
  type IRequest,
  type Method,
} from "@meridian/wire";
import type { CallOptions, Channel, PlatformCalls } from "../channel.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { FrameHandler } from "../stream.ts";
import { clientCredentials, clientOptions, type Keepalive, type Tls } from "./client-options.ts";
import { ClientStream } from "./client-stream.ts";
import { asIs } from "./definition.ts";
import { errorOfStatus, neverSent } from "./status.ts";

/** How a channel connects. */
export interface ChannelOptions extends Partial<Keepalive> {
  readonly tls?: Tls;
  /** Longest message in either direction. */
  readonly messageBytesMax?: number;
}

const DEADLINE_MS = 10_000;

/** A channel to the node at `address` (host:port). Connects when first used. */
export function openChannel(address: string, options: ChannelOptions = {}): Channel {
  return new GrpcChannel(address, options);
}

class GrpcChannel implements Channel {
  readonly address: string;
  readonly platform: PlatformCalls;
  readonly #client: grpc.Client;
  readonly #messageBytesMax: number;

  constructor(address: string, options: ChannelOptions) {
    const { keepaliveMs, keepaliveTimeoutMs, messageBytesMax } = { ...SERVER_LIMITS, ...options };
    this.address = address;
    this.#messageBytesMax = messageBytesMax;
    this.#client = new grpc.Client(
      address,
      clientCredentials(options.tls),
      // Answers are bounded by the server; what only just fits there must fit here.
      clientOptions({ keepaliveMs, keepaliveTimeoutMs }, 2 * messageBytesMax),
    );
    this.platform = this.#platformCalls();
  }

  session: Channel["session"] = (handler) => this.#stream(CoordinationService.session, handler);

  follow: Channel["follow"] = (handler) => this.#stream(ChangesService.follow, handler);

  execute: Channel["execute"] = (request, options) =>
    this.#call(CoordinationService.execute, { request }, options, isWrite(request));

  status: Channel["status"] = (options) => this.#call(AdminService.status, {}, options);

  topology: Channel["topology"] = (options) => this.#call(AdminService.topology, {}, options);

  transferLeadership: Channel["transferLeadership"] = (request, options) =>
    this.#call(AdminService.transferLeadership, request, options, true);

  close(): void {
    this.#client.close();
  }

  #platformCalls(): PlatformCalls {
    const { inspect, kill, restart, partition, heal, delay } = LocalPlatformService;
    return {
      inspect: (options) => this.#call(inspect, {}, options),
      kill: (request, options) => this.#call(kill, request, options),
      restart: (request, options) => this.#call(restart, request, options),
      partition: (request, options) => this.#call(partition, request, options),
      heal: (request, options) => this.#call(heal, request, options),
      delay: (request, options) => this.#call(delay, request, options),
    };
  }

  #stream<Out, In>(method: Method<Out, In>, handler: FrameHandler<In>): ClientStream<Out, In> {
    const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(method.path, asIs, asIs);
    const { request, response } = method;
    return new ClientStream(
      call,
      { request, response, messageBytesMax: this.#messageBytesMax },
      handler,
    );
  }

  /** `once`: what must not be done twice, so that a loss after it was sent leaves its fate open. */
  #call<Request, Response>(
    method: Method<Request, Response>,
    message: Encodable<Request>,
    { deadlineMs = DEADLINE_MS, signal }: CallOptions = {},
    once = false,
  ): Promise<Response> {
    const bytes = method.request.encode(message);
    const options: GrpcCallOptions = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(aborted(signal));
      if (bytes.byteLength > this.#messageBytesMax) {
        const text = `request of ${bytes.byteLength} bytes, limit ${this.#messageBytesMax}`;
        return reject(new MeridianError("TOO_LARGE", text));
      }
      const abort = (): void => call.cancel();
      const done = (error: ServiceError | null, answer?: Buffer): void => {
        signal?.removeEventListener("abort", abort);
        if (error !== null || answer === undefined) {
          return reject(signal?.aborted === true ? aborted(signal) : failure(error, once));
        }
        try {
          resolve(method.response.decode(answer));
        } catch (cause) {
          reject(new MeridianError("CORRUPT", "the answer cannot be read", { cause }));
        }
      };
      const call = this.#client.makeUnaryRequest(method.path, asIs, asIs, bytes, options, done);
      signal?.addEventListener("abort", abort);
    });
  }
}

function isWrite({ create, set, delete: remove, multi }: Encodable<IRequest>): boolean {
  return (create ?? set ?? remove ?? multi) !== undefined;
}

function failure(error: ServiceError | null, once: boolean): MeridianError {
  if (error === null) return new MeridianError("CORRUPT", "the server answered nothing");
  const found = errorOfStatus(error);
  if (!once || found.code !== "REGION_UNAVAILABLE" || neverSent(error)) return found;
  return new MeridianError("UNKNOWN", `lost while it may have been done: ${error.details}`, {
    cause: error,
  });
}

function aborted(signal: AbortSignal): MeridianError {
  return new MeridianError("UNKNOWN", "given up by the caller", { cause: signal.reason });
}
