import type {
  Encodable,
  IChangeFrame,
  IChangeMembersRequest,
  IChangeMembersResponse,
  IClientFrame,
  IDelayRequest,
  IEndSessionRequest,
  IEndSessionResponse,
  IExecuteResponse,
  IFollowFrame,
  IForcePromoteRequest,
  IForcePromoteResponse,
  IHealRequest,
  IHoldLeadershipRequest,
  IHoldLeadershipResponse,
  IStandForElectionResponse,
  IInspectResponse,
  IKillRequest,
  IMembersResponse,
  IQuotasResponse,
  IPartitionRequest,
  IRequest,
  IRestartRequest,
  IServerFrame,
  ISessionsRequest,
  ISessionsResponse,
  IStatusResponse,
  ITopologyResponse,
  ITransferLeadershipRequest,
  ITransferLeadershipResponse,
} from "@meridian/wire";
import type { FrameHandler, FrameStream } from "./stream.ts";

/** How long a call may take and who may end it. */
export interface CallOptions {
  /** From now; the server learns of it. Default: 10 seconds. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * A client's connection to one node. It connects when first used and again after a loss. All
 * rejections, and all errors given to `onClose`, are MeridianErrors: what the server answered, or
 * REGION_UNAVAILABLE (with the cause) when it cannot be reached, DEADLINE when time ran out,
 * UNKNOWN for the rest.
 */
export interface Channel {
  /** host:port as given. */
  readonly address: string;
  session(handler: FrameHandler<IServerFrame>): FrameStream<Encodable<IClientFrame>>;
  follow(handler: FrameHandler<IChangeFrame>): FrameStream<Encodable<IFollowFrame>>;
  execute(request: Encodable<IRequest>, options?: CallOptions): Promise<IExecuteResponse>;
  status(options?: CallOptions): Promise<IStatusResponse>;
  topology(options?: CallOptions): Promise<ITopologyResponse>;
  quotas(options?: CallOptions): Promise<IQuotasResponse>;
  /** Sent once. */
  forcePromote(
    request: Encodable<IForcePromoteRequest>,
    options?: CallOptions,
  ): Promise<IForcePromoteResponse>;
  transferLeadership(
    request: Encodable<ITransferLeadershipRequest>,
    options?: CallOptions,
  ): Promise<ITransferLeadershipResponse>;
  members(options?: CallOptions): Promise<IMembersResponse>;
  changeMembers(
    request: Encodable<IChangeMembersRequest>,
    options?: CallOptions,
  ): Promise<IChangeMembersResponse>;
  holdLeadership(
    request: Encodable<IHoldLeadershipRequest>,
    options?: CallOptions,
  ): Promise<IHoldLeadershipResponse>;
  standForElection(options?: CallOptions): Promise<IStandForElectionResponse>;
  sessions(request: Encodable<ISessionsRequest>, options?: CallOptions): Promise<ISessionsResponse>;
  endSession(
    request: Encodable<IEndSessionRequest>,
    options?: CallOptions,
  ): Promise<IEndSessionResponse>;
  readonly platform: PlatformCalls;
  /** Ends all streams and calls at once. */
  close(): void;
}

/** Calls of the service LocalPlatform. */
export interface PlatformCalls {
  inspect(options?: CallOptions): Promise<IInspectResponse>;
  kill(request: Encodable<IKillRequest>, options?: CallOptions): Promise<IInspectResponse>;
  restart(request: Encodable<IRestartRequest>, options?: CallOptions): Promise<IInspectResponse>;
  partition(
    request: Encodable<IPartitionRequest>,
    options?: CallOptions,
  ): Promise<IInspectResponse>;
  heal(request: Encodable<IHealRequest>, options?: CallOptions): Promise<IInspectResponse>;
  delay(request: Encodable<IDelayRequest>, options?: CallOptions): Promise<IInspectResponse>;
}
