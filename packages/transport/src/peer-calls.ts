import { MeridianError, PeerService } from "@meridian/wire";
import type { PeerMember } from "./service.ts";
import { isFormer, memberFor } from "./stranger.ts";
import { unaryCall, type UnaryCall } from "./unary-call.ts";

/** The methods of the service Peer that are no streams. Strangers are refused as on streams. */
export function peerCalls(members: ReadonlyMap<string, PeerMember>): readonly UnaryCall[] {
  return [
    unaryCall(PeerService.meet, (request) => {
      const known = members.get(request.hello?.cluster ?? "");
      if (known?.meetFormer !== undefined && isFormer(request.hello, known.identity)) {
        known.onStranger?.(`incarnation ${request.hello?.incarnation} was abandoned`);
        return known.meetFormer(request.hello?.from ?? "");
      }
      const member = memberFor(request.hello, members);
      if (member.meet === undefined) throw new MeridianError("UNSUPPORTED", "nobody is met here");
      return member.meet(request.hello?.from ?? "", request.birth);
    }),
    unaryCall(PeerService.refound, (request) => {
      const member = memberFor(request.hello, members);
      if (member.refound === undefined) throw new MeridianError("UNSUPPORTED", "not here");
      return member.refound(request.hello?.from ?? "", request);
    }),
  ];
}
