import type { Server, ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import {
  CoordinationService,
  MeridianError,
  Request,
  type Encodable,
  type ICallOptions,
  type IExecuteResponse,
  type IRequest,
  type IWatchEvents,
} from "@meridian/wire";
import type { CoordinationHandlers } from "../service.ts";
import type { Caller, FrameStream } from "../stream.ts";
import { GrpcCaller } from "./caller.ts";
import { definitionOf } from "./definition.ts";
import { ServerStream, decodeBounded } from "./server-stream.ts";
import { internalError, refusalOf, statusOf } from "./status.ts";
import { unary, type Serving } from "./unary.ts";

const METHODS = CoordinationService;

/** Answers the service Coordination: sessions, and the unary twins of each operation. */
export function addCoordination(
  server: Server,
  handlers: CoordinationHandlers,
  serving: Serving,
): void {
  const run = (
    request: IRequest | undefined,
    caller: Caller,
  ): Promise<Encodable<IExecuteResponse>> => execute(handlers, request, caller);
  server.addService(definitionOf(METHODS), {
    session: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const stream = new ServerStream(call, { ...METHODS.session, ...serving });
      stream.receive(handlers.session(stream, new GrpcCaller(call)));
    },
    watch: (call: ServerWritableStream<Buffer, Buffer>) => watch(handlers, call, serving),
    execute: unary(METHODS.execute, serving, ({ request }, caller) => run(request, caller)),
    create: unary(METHODS.create, serving, ({ create }, caller) => run(write({ create }), caller)),
    set: unary(METHODS.set, serving, ({ set }, caller) => run(write({ set }), caller)),
    delete: unary(METHODS.delete, serving, (message, caller) =>
      run(write({ delete: message.delete }), caller),
    ),
    multi: unary(METHODS.multi, serving, ({ multi }, caller) => run(write({ multi }), caller)),
    sync: unary(METHODS.sync, serving, ({ sync }, caller) => run(write({ sync }), caller)),
    get: unary(METHODS.get, serving, ({ get, options }, caller) =>
      run(read({ get }, options), caller),
    ),
    exists: unary(METHODS.exists, serving, ({ exists, options }, caller) =>
      run(read({ exists }, options), caller),
    ),
    children: unary(METHODS.children, serving, ({ children, options }, caller) =>
      run(read({ children }, options), caller),
    ),
  });
}

/** A refusal in the response becomes the status of the call, which is what simple tools look at. */
async function execute(
  handlers: CoordinationHandlers,
  request: IRequest | undefined,
  caller: Caller,
): Promise<Encodable<IExecuteResponse>> {
  if (request === undefined) throw new MeridianError("BAD_ARGUMENTS", "there is no operation");
  const deadlineMs = Math.min(Math.ceil(caller.deadlineMs ?? 0), MAX_UINT32);
  const { response, servedBy } = await handlers.execute(
    { ...request, id: 0, sequence: 0, deadlineMs },
    caller,
  );
  if (response.error !== undefined) throw MeridianError.fromWire(response.error);
  return { response, servedBy };
}

const MAX_UINT32 = 0xffff_ffff;

const NO_OPERATION = Request.decode(new Uint8Array(0));

/** The request that a twin stands for; undefined when it lacks its operation. */
function write(operation: Partial<IRequest>): IRequest | undefined {
  const [member] = Object.values(operation);
  return member === undefined ? undefined : { ...NO_OPERATION, ...operation };
}

function read(
  operation: Partial<IRequest>,
  options: ICallOptions | undefined,
): IRequest | undefined {
  const request = write(operation);
  return request === undefined ? undefined : { ...request, ...options };
}

function watch(
  handlers: CoordinationHandlers,
  call: ServerWritableStream<Buffer, Buffer>,
  serving: Serving,
): void {
  const method = METHODS.watch;
  const stream = new ServerStream(call, { ...method, ...serving });
  try {
    const { watch: wanted } = decodeBounded(call.request, { ...method, ...serving });
    if (wanted === undefined) throw new MeridianError("BAD_ARGUMENTS", "there is no watch");
    const events: FrameStream<Encodable<IWatchEvents>> = {
      get bufferedBytes() {
        return stream.bufferedBytes;
      },
      send: (frame) => stream.send({ events: frame }),
      close: (error) => stream.close(error),
    };
    const handler = handlers.watch(wanted, events, new GrpcCaller(call));
    stream.receive({ onFrame: () => undefined, onClose: (error) => handler.onClose(error) });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) serving.onFault(error);
    call.emit("error", statusOf(refusal ?? internalError()));
  }
}
