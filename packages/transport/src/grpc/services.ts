import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
  sendUnaryData,
} from "@grpc/grpc-js";
import {
  AdminService,
  ChangesService,
  CoordinationService,
  LocalPlatformService,
  MeridianError,
  PeerService,
  type Encodable,
  type IWatchEvents,
  type IWatchResponse,
  type Method,
} from "@meridian/wire";
import { adminCalls, platformCalls } from "../admin-calls.ts";
import { coordinationCalls } from "../coordination-calls.ts";
import { FramedStream, decodeBounded } from "../framed-stream.ts";
import { internalError, refusalOf } from "../refusal.ts";
import type { CoordinationHandlers, Services } from "../service.ts";
import type { Acceptor, FrameStream } from "../stream.ts";
import { peerCalls } from "../peer-calls.ts";
import type { UnaryCall } from "../unary-call.ts";
import { GrpcCaller } from "./caller.ts";
import { definitionOf } from "./definition.ts";
import { peerHandlers } from "./peers.ts";
import { ServerBytes } from "./server-bytes.ts";
import { statusOf } from "./status.ts";

/** What all handlers of a server share. */
export interface Serving {
  readonly messageBytesMax: number;
  /** Told of errors that are no refusals: bugs. */
  readonly onFault: (error: unknown) => void;
}

/** A service as grpc-js takes it. */
export interface ServedService {
  /** Full name. */
  readonly name: string;
  readonly definition: ServiceDefinition<UntypedServiceImplementation>;
  readonly handlers: UntypedServiceImplementation;
}

type Methods = Readonly<Record<string, Pick<Method<unknown, unknown>, Shape>>>;
type Shape = "path" | "requestStream" | "responseStream";

/** The services that there are handlers for. */
export function servedServices(services: Services, serving: Serving): readonly ServedService[] {
  const { coordination, changes, peers, admin, platform } = services;
  const found: ServedService[] = [];
  const add = (
    methods: Methods,
    calls: readonly UnaryCall[],
    streams: UntypedServiceImplementation,
  ): void => {
    found.push(service(methods, calls, streams, serving));
  };
  if (coordination !== undefined) {
    add(CoordinationService, coordinationCalls(coordination), {
      session: accepting(CoordinationService.session, coordination.session, serving),
      watch: watching(coordination, serving),
    });
  }
  if (changes !== undefined) {
    add(ChangesService, [], { follow: accepting(ChangesService.follow, changes.follow, serving) });
  }
  if (peers !== undefined)
    add(PeerService, peerCalls(peers), peerHandlers(peers, 2 * serving.messageBytesMax));
  if (admin !== undefined) add(AdminService, adminCalls(admin), {});
  if (platform !== undefined) add(LocalPlatformService, platformCalls(platform), {});
  return found;
}

/** One service of unary calls (by path) and streams (by name). */
export function service(
  methods: Methods,
  calls: readonly UnaryCall[],
  streams: UntypedServiceImplementation,
  serving: Serving,
): ServedService {
  const handlers: Record<string, UntypedHandleCall> = { ...streams };
  let path = "";
  for (const [name, method] of Object.entries(methods)) {
    path = method.path;
    const unary = calls.find((candidate) => candidate.path === method.path);
    if (unary === undefined) continue;
    handlers[name] = (
      call: ServerUnaryCall<Buffer, Buffer>,
      callback: sendUnaryData<Buffer>,
    ): void => {
      void answer(unary, call, callback, serving);
    };
  }
  return { name: path.split("/")[1] ?? "", definition: definitionOf(methods), handlers };
}

/** Calls, and turns what is thrown into a status with details. */
async function answer(
  unary: UnaryCall,
  call: ServerUnaryCall<Buffer, Buffer>,
  callback: sendUnaryData<Buffer>,
  { messageBytesMax, onFault }: Serving,
): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await unary.answer(call.request, messageBytesMax, new GrpcCaller(call));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) onFault(error);
    callback(statusOf(refusal ?? internalError()));
    return;
  }
  callback(null, bytes);
}

function accepting<In, Out>(
  { request: incoming, response: outgoing }: Method<In, Out>,
  accept: Acceptor<In, Encodable<Out>>,
  { messageBytesMax }: Serving,
) {
  const shape = { incoming, outgoing, messageBytesMax, side: "server" } as const;
  return (call: ServerDuplexStream<Buffer, Buffer>): void => {
    const stream = new FramedStream(new ServerBytes(call, 2 * messageBytesMax), shape);
    stream.receive(accept(stream, new GrpcCaller(call)));
  };
}

function watching(handlers: CoordinationHandlers, { messageBytesMax, onFault }: Serving) {
  const { request: incoming, response: outgoing } = CoordinationService.watch;
  const shape = { incoming, outgoing, messageBytesMax, side: "server" } as const;
  return (call: ServerWritableStream<Buffer, Buffer>): void => {
    const stream = new FramedStream(new ServerBytes(call, 2 * messageBytesMax), shape);
    try {
      const { watch } = decodeBounded(call.request, incoming, messageBytesMax);
      if (watch === undefined) throw new MeridianError("BAD_ARGUMENTS", "there is no watch");
      const handler = handlers.watch(watch, eventsOf(stream), new GrpcCaller(call));
      stream.receive({
        onFrame: () => undefined,
        onDrain: () => handler.onDrain?.(),
        onClose: (error) => handler.onClose(error),
      });
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) onFault(error);
      stream.close(refusal ?? internalError());
    }
  };
}

function eventsOf(
  stream: FrameStream<Encodable<IWatchResponse>>,
): FrameStream<Encodable<IWatchEvents>> {
  return {
    get bufferedBytes() {
      return stream.bufferedBytes;
    },
    send: (events) => stream.send({ events }),
    close: (error) => stream.close(error),
  };
}
