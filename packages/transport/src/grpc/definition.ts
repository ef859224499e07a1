import type {
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Method } from "@meridian/wire";

/** What grpc-js has to know of a method. */
type Shape = Pick<Method<unknown, unknown>, "path" | "requestStream" | "responseStream">;

/**
 * grpc-js carries bytes; the codecs are applied beside it, where their errors can be answered as
 * ours.
 */
export const asIs = (bytes: Buffer): Buffer => bytes;

/** A service as grpc-js wants to know it, with messages as bytes. */
export function definitionOf(
  methods: Readonly<Record<string, Shape>>,
): ServiceDefinition<UntypedServiceImplementation> {
  const entries = Object.entries(methods).map(([name, shape]) => [name, definition(shape)]);
  return Object.fromEntries(entries) as ServiceDefinition<UntypedServiceImplementation>;
}

function definition({
  path,
  requestStream,
  responseStream,
}: Shape): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}
