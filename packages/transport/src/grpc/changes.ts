import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import { ChangesService } from "@meridian/wire";
import type { ChangesHandlers } from "../service.ts";
import { GrpcCaller } from "./caller.ts";
import { definitionOf } from "./definition.ts";
import { ServerStream } from "./server-stream.ts";
import type { Serving } from "./unary.ts";

/** Answers the service Changes. */
export function addChanges(server: Server, { follow }: ChangesHandlers, serving: Serving): void {
  server.addService(definitionOf(ChangesService), {
    follow: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const stream = new ServerStream(call, { ...ChangesService.follow, ...serving });
      stream.receive(follow(stream, new GrpcCaller(call)));
    },
  });
}
