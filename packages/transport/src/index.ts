export type { CallOptions, Channel, PlatformCalls } from "./channel.ts";
export type { TransportClock } from "./clock.ts";
export { openChannel, type ChannelOptions } from "./grpc/channel.ts";
export type { Keepalive, Tls } from "./grpc/client-options.ts";
export { PEER_CONNECTING, type PeerConnecting } from "./grpc/peer-connector.ts";
export { createPeerTransport, type PeerTransportOptions } from "./grpc/peer-transport.ts";
export { serve, type ServeOptions, type Server } from "./grpc/server.ts";
export { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
export { ListenError } from "./listen-error.ts";
export { Packer, unpack } from "./packing.ts";
export type {
  Forward,
  ForwardAnswer,
  LivenessAnswer,
  LivenessReport,
  OriginAge,
  OutgoingSnapshot,
  PeerAbilities,
  PeerFrame,
  PeerHandler,
  PeerMessage,
  PeerTransport,
} from "./peer.ts";
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  type MemoryPeerOptions,
  type MemoryServing,
} from "./memory/network.ts";
export type { LinkState } from "./memory/pipe.ts";
export type { PeerLimits } from "./peer-link.ts";
export { PEER_LIMITS } from "./peer-transport.ts";
export { decodeConfiguration, encodeConfiguration } from "./peer-codec.ts";
export type {
  AdminHandlers,
  MembershipHandlers,
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
export { saysSuperseded } from "./stranger.ts";
export type { AcceptedStream, Acceptor, Caller, FrameHandler, FrameStream } from "./stream.ts";
