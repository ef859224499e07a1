import {
  CoordinationService,
  MeridianError,
  Request,
  type Encodable,
  type ICallOptions,
  type IExecuteResponse,
  type IRequest,
} from "@meridian/wire";
import type { CoordinationHandlers } from "./service.ts";
import type { Caller } from "./stream.ts";
import { unaryCall, type UnaryCall } from "./unary-call.ts";

/** The unary methods of the service Coordination: Execute, and a twin of it for each operation. */
export function coordinationCalls(handlers: CoordinationHandlers): readonly UnaryCall[] {
  const { execute, create, set, delete: remove, multi, sync } = CoordinationService;
  const { get, exists, children } = CoordinationService;
  const run = (request: IRequest | undefined, caller: Caller): Promise<Answer> =>
    answer(handlers, request, caller);
  return [
    unaryCall(execute, ({ request }, caller) => run(request, caller)),
    unaryCall(create, (message, caller) => run(requestOf({ create: message.create }), caller)),
    unaryCall(set, (message, caller) => run(requestOf({ set: message.set }), caller)),
    unaryCall(remove, (message, caller) => run(requestOf({ delete: message.delete }), caller)),
    unaryCall(multi, (message, caller) => run(requestOf({ multi: message.multi }), caller)),
    unaryCall(sync, (message, caller) => run(requestOf({ sync: message.sync }), caller)),
    unaryCall(get, (message, caller) =>
      run(requestOf({ get: message.get }, message.options), caller),
    ),
    unaryCall(exists, (message, caller) =>
      run(requestOf({ exists: message.exists }, message.options), caller),
    ),
    unaryCall(children, (message, caller) =>
      run(requestOf({ children: message.children }, message.options), caller),
    ),
  ];
}

type Answer = Encodable<IExecuteResponse>;

const DEADLINE_MS_MAX = 0xffff_ffff;
const NO_OPERATION = Request.decode(new Uint8Array(0));

/** A refusal in the response becomes the error of the call, which is what simple tools look at. */
async function answer(
  handlers: CoordinationHandlers,
  request: IRequest | undefined,
  caller: Caller,
): Promise<Answer> {
  if (request === undefined) throw new MeridianError("BAD_ARGUMENTS", "there is no operation");
  const deadlineMs = Math.min(Math.ceil(caller.deadlineMs ?? 0), DEADLINE_MS_MAX);
  const numbered = { ...request, id: 0, sequence: 0, deadlineMs };
  const { response, servedBy } = await handlers.execute(numbered, caller);
  if (response.error !== undefined) throw MeridianError.fromWire(response.error);
  return { response, servedBy };
}

/** The request that a twin stands for; undefined when it lacks its operation. */
function requestOf(operation: Partial<IRequest>, options?: ICallOptions): IRequest | undefined {
  const [member] = Object.values(operation);
  return member === undefined ? undefined : { ...NO_OPERATION, ...operation, ...options };
}
