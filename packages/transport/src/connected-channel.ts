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
import type { ByteStream } from "./byte-stream.ts";
import type { CallOptions, Channel, PlatformCalls } from "./channel.ts";
import type { ChannelConnector } from "./channel-connector.ts";
import { FramedStream, tooLarge } from "./framed-stream.ts";
import type { FrameHandler } from "./stream.ts";

const DEADLINE_MS = 10_000;

/** A channel over any way to reach a server. */
export class ConnectedChannel implements Channel {
  readonly address: string;
  readonly platform: PlatformCalls;
  readonly #connector: ChannelConnector;
  readonly #messageBytesMax: number;
  #closed = false;

  constructor(address: string, connector: ChannelConnector, messageBytesMax: number) {
    this.address = address;
    this.#connector = connector;
    this.#messageBytesMax = messageBytesMax;
    this.platform = this.#platformCalls();
  }

  session: Channel["session"] = (handler) => this.#open(CoordinationService.session, handler);

  follow: Channel["follow"] = (handler) => this.#open(ChangesService.follow, handler);

  execute: Channel["execute"] = (request, options) =>
    this.#call(CoordinationService.execute, { request }, options, isWrite(request));

  status: Channel["status"] = (options) => this.#call(AdminService.status, {}, options);

  topology: Channel["topology"] = (options) => this.#call(AdminService.topology, {}, options);

  quotas: Channel["quotas"] = (options) => this.#call(AdminService.quotas, {}, options);

  forcePromote: Channel["forcePromote"] = (request, options) =>
    this.#call(AdminService.forcePromote, request, options, true);

  transferLeadership: Channel["transferLeadership"] = (request, options) =>
    this.#call(AdminService.transferLeadership, request, options, true);

  members: Channel["members"] = (options) => this.#call(AdminService.members, {}, options);

  changeMembers: Channel["changeMembers"] = (request, options) =>
    this.#call(AdminService.changeMembers, request, options, true);

  holdLeadership: Channel["holdLeadership"] = (request, options) =>
    this.#call(AdminService.holdLeadership, request, options, true);

  standForElection: Channel["standForElection"] = (options) =>
    this.#call(AdminService.standForElection, {}, options, true);

  sessions: Channel["sessions"] = (request, options) =>
    this.#call(AdminService.sessions, request, options);

  endSession: Channel["endSession"] = (request, options) =>
    this.#call(AdminService.endSession, request, options);

  close(): void {
    this.#closed = true;
    this.#connector.close();
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

  #open<Out, In>(
    { path, request: outgoing, response: incoming }: Method<Out, In>,
    handler: FrameHandler<In>,
  ): FramedStream<In, Out> {
    const messageBytesMax = this.#messageBytesMax;
    const shape = { incoming, outgoing, messageBytesMax, side: "client" } as const;
    const bytes = this.#closed ? CLOSED_STREAM : this.#connector.open(path);
    const stream = new FramedStream(bytes, shape);
    stream.receive(handler);
    return stream;
  }

  async #call<Request, Response>(
    { path, request, response }: Method<Request, Response>,
    message: Encodable<Request>,
    { deadlineMs = DEADLINE_MS, signal }: CallOptions = {},
    once = false,
  ): Promise<Response> {
    const bytes = request.encode(message);
    const refusal = tooLarge(bytes, request.name, this.#messageBytesMax);
    if (refusal !== undefined) throw refusal;
    if (signal?.aborted === true) throw givenUp(signal);
    if (this.#closed) throw closed();
    const answer = await this.#connector.call(path, bytes, { deadlineMs, signal, once });
    try {
      return response.decode(answer);
    } catch (cause) {
      throw new MeridianError("CORRUPT", "the answer cannot be read", { cause });
    }
  }
}

function closed(): MeridianError {
  return new MeridianError("REGION_UNAVAILABLE", "the channel is closed");
}

/** What is opened on a closed channel: over before it began. */
const CLOSED_STREAM: ByteStream = {
  bufferedBytes: 0,
  listen: (events) => queueMicrotask(() => events.ended(closed())),
  write: () => undefined,
  end: () => undefined,
  abort: () => undefined,
  defer: (task) => queueMicrotask(task),
};

/** What a call ends with when its own caller aborts it. */
export function givenUp(signal: AbortSignal): MeridianError {
  return new MeridianError("UNKNOWN", "given up by the caller", { cause: signal.reason });
}

function isWrite({ create, set, delete: remove, multi }: Encodable<IRequest>): boolean {
  return (create ?? set ?? remove ?? multi) !== undefined;
}
