import type { Server } from "@grpc/grpc-js";
import { AdminService, LocalPlatformService } from "@meridian/wire";
import type { AdminHandlers, PlatformHandlers } from "../service.ts";
import { definitionOf } from "./definition.ts";
import { unary, type Serving } from "./unary.ts";

/** Answers the service Admin. */
export function addAdmin(server: Server, handlers: AdminHandlers, serving: Serving): void {
  const { status, topology, transferLeadership } = AdminService;
  server.addService(definitionOf(AdminService), {
    status: unary(status, serving, (_, caller) => handlers.status(caller)),
    topology: unary(topology, serving, (_, caller) => handlers.topology(caller)),
    transferLeadership: unary(transferLeadership, serving, (request, caller) =>
      handlers.transferLeadership(request, caller),
    ),
  });
}

/** Answers the service LocalPlatform. */
export function addPlatform(server: Server, handlers: PlatformHandlers, serving: Serving): void {
  const { inspect, kill, restart, partition, heal, delay } = LocalPlatformService;
  server.addService(definitionOf(LocalPlatformService), {
    inspect: unary(inspect, serving, (_, caller) => handlers.inspect(caller)),
    kill: unary(kill, serving, (request, caller) => handlers.kill(request, caller)),
    restart: unary(restart, serving, (request, caller) => handlers.restart(request, caller)),
    partition: unary(partition, serving, (request, caller) => handlers.partition(request, caller)),
    heal: unary(heal, serving, (request, caller) => handlers.heal(request, caller)),
    delay: unary(delay, serving, (request, caller) => handlers.delay(request, caller)),
  });
}
