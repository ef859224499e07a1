export type { CallOptions, Channel, PlatformCalls } from "./channel.ts";
export { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
export type {
  Forward,
  ForwardAnswer,
  LivenessAnswer,
  LivenessReport,
  OriginAge,
  OutgoingSnapshot,
  PeerFrame,
  PeerHandler,
  PeerTransport,
} from "./peer.ts";
export type {
  AdminHandlers,
  ChangesHandlers,
  CoordinationHandlers,
  Eventually,
  Executed,
  FollowAcceptor,
  PeerIdentity,
  PeerMember,
  PlatformHandlers,
  Services,
  SessionAcceptor,
  WatchHandler,
} from "./service.ts";
export type { Acceptor, Caller, FrameHandler, FrameStream } from "./stream.ts";
