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
export type { Acceptor, Caller, FrameHandler, FrameStream } from "./stream.ts";
