import type {
  Encodable,
  IChangeMembersRequest,
  IChangeMembersResponse,
  IDelayRequest,
  IEndSessionRequest,
  IEndSessionResponse,
  IHealRequest,
  IHoldLeadershipRequest,
  IHoldLeadershipResponse,
  IInspectResponse,
  IKillRequest,
  IMembersResponse,
  IQuotasResponse,
  IForcePromoteRequest,
  IForcePromoteResponse,
  IMeetResponse,
  IRefoundRequest,
  IRefoundResponse,
  IPartitionRequest,
  IRequest,
  IResponse,
  IRestartRequest,
  IServerFrame,
  ISessionsRequest,
  ISessionsResponse,
  IClientFrame,
  IChangeFrame,
  IFollowFrame,
  IStatusResponse,
  ITopologyResponse,
  ITransferLeadershipRequest,
  ITransferLeadershipResponse,
  IStandForElectionRequest,
  IStandForElectionResponse,
  IWatch,
  IWatchEvents,
  IWelcome,
} from "@meridian/wire";
import type { PeerAbilities, PeerHandler } from "./peer.ts";
import type { Acceptor, Caller, FrameStream } from "./stream.ts";

/** A value now or later. A rejection with a MeridianError reaches the caller as it is. */
export type Eventually<T> = T | Promise<T>;

/** Server side of a session stream. */
export type SessionAcceptor = Acceptor<IClientFrame, Encodable<IServerFrame>>;

/** Server side of a change stream. */
export type FollowAcceptor = Acceptor<IFollowFrame, Encodable<IChangeFrame>>;

/** Answer of one operation without a session. */
export interface Executed {
  /** Its `error`, if any, reaches the caller as a gRPC error with details. */
  readonly response: Encodable<IResponse>;
  readonly servedBy: Encodable<IWelcome>;
}

/** A watch that was opened by the unary twin; told once that its stream is over. */
export interface WatchHandler {
  /** All that was sent has been taken by the operating system. */
  onDrain?(): void;
  onClose(error: Error | undefined): void;
}

/** What a node does for the service Coordination. */
export interface CoordinationHandlers {
  readonly session: SessionAcceptor;
  /** One operation without a session; `caller.signal` says when nobody waits any more. */
  execute(request: IRequest, caller: Caller): Eventually<Executed>;
  /** A watch without a session. Ends with `stream.close`. */
  watch(watch: IWatch, stream: FrameStream<Encodable<IWatchEvents>>, caller: Caller): WatchHandler;
}

/** What a node does for the service Changes. */
export interface ChangesHandlers {
  readonly follow: FollowAcceptor;
}

/**
 * Who a member is. Strangers are refused: members of another cluster or incarnation, or who mean
 * another node.
 */
export interface PeerIdentity {
  readonly cluster: string;
  readonly incarnation: number;
  readonly node: string;
  /** host:port where it is reached: told to peers when it connects to them. */
  readonly address?: string | undefined;
}

/** A member of a group that takes streams of its peers on this server. */
export interface PeerMember {
  readonly identity: PeerIdentity;
  readonly handler: PeerHandler;
  /** Made at random with the data of this member; whoever knows it under another one is refused. */
  readonly birth?: string;
  /** A peer knows this member under another birth: its data was lost or replaced. */
  onOtherBirth?(from: string): void;
  /** A stream of a stranger was refused; counted by the owner. */
  onStranger?(reason: string): void;
  /** A peer connects, and says where it is reached, if it knows, and what it understands. */
  onHello?(from: string, address: string, abilities: PeerAbilities): void;
  /** A node was removed from the group: its streams are refused, and it is told why. */
  hasLeft?(node: string): boolean;
  /** A new member introduces itself with its birth. */
  meet?(from: string, birth: string): Eventually<Encodable<IMeetResponse>>;
  /** One of an abandoned incarnation introduces itself: what counts instead. */
  meetFormer?(from: string): Eventually<Encodable<IMeetResponse>>;
  /** A voter of the same group asks whether to begin the next incarnation, or to begin it. */
  refound?(from: string, request: IRefoundRequest): Eventually<Encodable<IRefoundResponse>>;
}

/** What a node does for the service Admin. */
export interface AdminHandlers {
  status(caller: Caller): Eventually<Encodable<IStatusResponse>>;
  topology(caller: Caller): Eventually<Encodable<ITopologyResponse>>;
  transferLeadership(
    request: ITransferLeadershipRequest,
    caller: Caller,
  ): Eventually<Encodable<ITransferLeadershipResponse>>;
  /** Members that keep a tree have it. */
  quotas?(caller: Caller): Eventually<Encodable<IQuotasResponse>>;
  /** Members of a group have it. */
  standForElection?(
    request: IStandForElectionRequest,
    caller: Caller,
  ): Eventually<Encodable<IStandForElectionResponse>>;
  /** Voters of a group have it. */
  forcePromote?(
    request: IForcePromoteRequest,
    caller: Caller,
  ): Eventually<Encodable<IForcePromoteResponse>>;
  /** Members of a group have it; without it the methods do not exist. */
  readonly membership?: MembershipHandlers;
  /** Members that keep a tree have it; without it the methods do not exist. */
  readonly roster?: RosterHandlers;
}

/** What a member that keeps a tree does for the methods of Admin that are about sessions. */
export interface RosterHandlers {
  list(request: ISessionsRequest, caller: Caller): Eventually<Encodable<ISessionsResponse>>;
  end(request: IEndSessionRequest, caller: Caller): Eventually<Encodable<IEndSessionResponse>>;
}

/** What a member of a group does for the methods of Admin that are about who belongs to it. */
export interface MembershipHandlers {
  members(caller: Caller): Eventually<Encodable<IMembersResponse>>;
  changeMembers(
    request: IChangeMembersRequest,
    caller: Caller,
  ): Eventually<Encodable<IChangeMembersResponse>>;
  holdLeadership(
    request: IHoldLeadershipRequest,
    caller: Caller,
  ): Eventually<Encodable<IHoldLeadershipResponse>>;
}

/** What the supervisor of a local platform does for the service LocalPlatform. */
export interface PlatformHandlers {
  inspect(caller: Caller): Eventually<Encodable<IInspectResponse>>;
  kill(request: IKillRequest, caller: Caller): Eventually<Encodable<IInspectResponse>>;
  restart(request: IRestartRequest, caller: Caller): Eventually<Encodable<IInspectResponse>>;
  partition(request: IPartitionRequest, caller: Caller): Eventually<Encodable<IInspectResponse>>;
  heal(request: IHealRequest, caller: Caller): Eventually<Encodable<IInspectResponse>>;
  delay(request: IDelayRequest, caller: Caller): Eventually<Encodable<IInspectResponse>>;
}

/** Everything that one node answers. Services without handlers do not exist on it. */
export interface Services {
  readonly coordination?: CoordinationHandlers;
  readonly changes?: ChangesHandlers;
  /** By cluster; looked up for every new stream, so that members may come and go. */
  readonly peers?: ReadonlyMap<string, PeerMember>;
  readonly admin?: AdminHandlers;
  readonly platform?: PlatformHandlers;
}
