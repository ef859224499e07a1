import { AdminService, LocalPlatformService, MeridianError } from "@meridian/wire";
import type {
  AdminHandlers,
  MembershipHandlers,
  PlatformHandlers,
  RosterHandlers,
} from "./service.ts";
import { unaryCall, type UnaryCall } from "./unary-call.ts";

/** The methods of the service Admin. */
export function adminCalls(handlers: AdminHandlers): readonly UnaryCall[] {
  const { status, topology, transferLeadership } = AdminService;
  const { membership, roster } = handlers;
  return [
    unaryCall(status, (_, caller) => handlers.status(caller)),
    unaryCall(topology, (_, caller) => handlers.topology(caller)),
    unaryCall(transferLeadership, (request, caller) =>
      handlers.transferLeadership(request, caller),
    ),
    ...(membership === undefined ? [] : membershipCalls(membership)),
    ...(roster === undefined ? [] : rosterCalls(roster)),
    unaryCall(AdminService.quotas, (_, caller) => {
      if (handlers.quotas !== undefined) return handlers.quotas(caller);
      throw new MeridianError("UNSUPPORTED", "this node is no member of a group");
    }),
    unaryCall(AdminService.standForElection, (request, caller) => {
      if (handlers.standForElection !== undefined) {
        return handlers.standForElection(request, caller);
      }
      throw new MeridianError("UNSUPPORTED", "this node is no member of a group");
    }),
    unaryCall(AdminService.forcePromote, (request, caller) => {
      if (handlers.forcePromote !== undefined) return handlers.forcePromote(request, caller);
      throw new MeridianError("UNSUPPORTED", "this node has no vote anywhere");
    }),
  ];
}

function membershipCalls(handlers: MembershipHandlers): readonly UnaryCall[] {
  const { members, changeMembers, holdLeadership } = AdminService;
  return [
    unaryCall(members, (_, caller) => handlers.members(caller)),
    unaryCall(changeMembers, (request, caller) => handlers.changeMembers(request, caller)),
    unaryCall(holdLeadership, (request, caller) => handlers.holdLeadership(request, caller)),
  ];
}

function rosterCalls(handlers: RosterHandlers): readonly UnaryCall[] {
  const { sessions, endSession } = AdminService;
  return [
    unaryCall(sessions, (request, caller) => handlers.list(request, caller)),
    unaryCall(endSession, (request, caller) => handlers.end(request, caller)),
  ];
}

/** The methods of the service LocalPlatform. */
export function platformCalls(handlers: PlatformHandlers): readonly UnaryCall[] {
  const { inspect, kill, restart, partition, heal, delay } = LocalPlatformService;
  return [
    unaryCall(inspect, (_, caller) => handlers.inspect(caller)),
    unaryCall(kill, (request, caller) => handlers.kill(request, caller)),
    unaryCall(restart, (request, caller) => handlers.restart(request, caller)),
    unaryCall(partition, (request, caller) => handlers.partition(request, caller)),
    unaryCall(heal, (request, caller) => handlers.heal(request, caller)),
    unaryCall(delay, (request, caller) => handlers.delay(request, caller)),
  ];
}
