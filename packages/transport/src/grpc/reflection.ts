import type {
  MethodDefinition,
  Server,
  ServerDuplexStream,
  ServiceDefinition,
} from "@grpc/grpc-js";
import { definitionOf } from "./definition.ts";

const PATHS = [
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/** What @grpc/reflection would have added to a server for one of the paths. */
interface Reflection {
  readonly definition: MethodDefinition<object, object>;
  readonly handle: (stream: object) => void;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/**
 * Answers server reflection, for tools like grpcurl. The libraries and the description of the
 * protocol are loaded with the first question: they cost more memory than the rest of a server, and
 * most nodes are never asked.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  let loading: Promise<ReadonlyMap<string, Reflection>> | undefined;
  for (const path of PATHS) {
    const handle = (call: Call): void => {
      loading ??= load(services);
      loading.then(
        (found) => answer(call, found.get(path)),
        (error: unknown) => call.emit("error", error),
      );
    };
    const info = { path, requestStream: true, responseStream: true };
    server.addService(definitionOf({ info }), { info: handle });
  }
}

async function load(services: readonly string[]): Promise<ReadonlyMap<string, Reflection>> {
  const [{ ReflectionService }, { fromJSON }, { PROTOS }] = await Promise.all([
    import("@grpc/reflection"),
    import("@grpc/proto-loader"),
    import("@meridian/wire/protos"),
  ]);
  const found = new Map<string, Reflection>();
  const collector = {
    addService(methods: ServiceDefinition, handlers: Record<string, Reflection["handle"]>): void {
      for (const [name, method] of Object.entries(methods)) {
        const handle = handlers[name];
        if (handle !== undefined) found.set(method.path, { definition: method, handle });
      }
    },
  };
  const service = new ReflectionService(fromJSON(PROTOS), { services: [...services] });
  service.addToServer(collector as unknown as Pick<Server, "addService">);
  return found;
}

/** Lets the library's handler speak with a call that carries bytes. */
function answer(call: Call, reflection: Reflection | undefined): void {
  if (reflection === undefined) {
    call.emit("error", new Error("not known to the reflection library"));
    return;
  }
  const { requestDeserialize, responseSerialize } = reflection.definition;
  reflection.handle({
    on: (event: string, listener: (argument?: object) => void) => {
      if (event !== "data") return call.on(event, listener);
      return call.on("data", (bytes: Buffer) => listener(requestDeserialize(bytes)));
    },
    write: (response: object) => call.write(responseSerialize(response)),
    end: () => call.end(),
  });
}
