import { openChannel } from "@meridian/transport";
import { MeridianError } from "@meridian/wire";
import { ChannelPool } from "./channel.ts";
import { Meridian } from "./client.ts";
import type { ClientContext } from "./client-context.ts";
import { Connections } from "./connections.ts";
import type { Directory } from "./directory.ts";
import type { LaneContext } from "./lane-context.ts";
import { Lanes } from "./lanes.ts";
import {
  LANE_LIMITS,
  type ConnectOptions,
  type SessionEvent,
  type SiblingOptions,
} from "./options.ts";
import { Performer } from "./performer.ts";
import { PositionMap, type Position } from "./position.ts";
import { endingWith, systemRuntime, type Runtime } from "./runtime.ts";
import { Standing } from "./standing.ts";
import { decodeToken } from "./token.ts";
import { TopologySource } from "./topology-source.ts";

const connectDeadlineMs = 10_000;
const defaultMs = 10_000;
const strictDefaultMs = 15_000;

/**
 * Connects to the platform: learns of its nodes and zones from the first endpoint that answers.
 * Streams and sessions are opened when they are first needed.
 * @throws {MeridianError} REGION_UNAVAILABLE when no endpoint answers; BAD_ARGUMENTS; the reason of
 * the signal.
 */
export async function connect(options: ConnectOptions): Promise<Meridian> {
  const { endpoints = [], topology: given } = options;
  if (endpoints.length === 0 && given === undefined) {
    throw new MeridianError("BAD_ARGUMENTS", "connect needs endpoints or a topology");
  }
  options.signal?.throwIfAborted();
  const runtime = options.runtime ?? systemRuntime;
  const pool = new ChannelPool(options.openChannel ?? ((address) => openChannel(address)));
  const region = options.region ?? given?.regions?.[0];
  const topology = new TopologySource({ runtime, pool, endpoints, region });
  const positions = decodeToken(options.token ?? "");
  try {
    const starting = topology.start(given, options.connectDeadlineMs ?? connectDeadlineMs);
    await endingWith(options.signal, starting);
  } catch (error) {
    topology.close();
    pool.close();
    throw error;
  }
  const connections = new Connections({ pool, topology });
  return assemble(options, { runtime, pool, topology, connections }, positions);
}

interface Parts {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  readonly topology: TopologySource;
  readonly connections: Connections;
}

function assemble(
  options: ConnectOptions,
  shared: Parts,
  positions: readonly Position[],
): Meridian {
  const token = new PositionMap();
  token.addAll(positions);
  const parts = { ...shared, token };
  shared.connections.enter();
  const listeners = new Set<(event: SessionEvent) => void>();
  if (options.onSession !== undefined) listeners.add(options.onSession);
  const standing = new Standing(() => {
    const context = { ...contextOf(options, parts, new Set(), undefined), sibling: undefined };
    return { client: new Meridian(context), context };
  });
  const sibling = ({ token: own, ...rest }: SiblingOptions): Meridian => {
    const seen = own === undefined ? token.list() : decodeToken(own);
    return assemble({ ...options, onSession: undefined, ...rest }, shared, seen);
  };
  return new Meridian({ ...contextOf(options, parts, listeners, standing), sibling });
}

function contextOf(
  options: ConnectOptions,
  parts: Parts & { readonly token: PositionMap },
  listeners: Set<(event: SessionEvent) => void>,
  standing: Standing | undefined,
): Omit<ClientContext, "sibling"> {
  const { runtime, pool, topology, token } = parts;
  const { sessionTimeoutMs = LANE_LIMITS.sessionTimeoutMs, deadlineMs = defaultMs } = options;
  const { strictDeadlineMs = options.deadlineMs ?? strictDefaultMs } = options;
  const refreshTopology = (): void => void topology.refresh();
  const laneContext: LaneContext = {
    runtime,
    pool,
    token,
    limits: { ...LANE_LIMITS, sessionTimeoutMs, ...options.limits },
    region: topology.region,
    refreshTopology,
    onSession: (cluster, state, sessionId) => {
      for (const listener of listeners) listener({ cluster, state, sessionId });
    },
  };
  const directory = (): Directory => topology.directory;
  const lanes = new Lanes(laneContext, directory);
  const times = { deadlineMs, strictDeadlineMs, hedgeMs: options.hedgeMs };
  const performer = new Performer({ runtime, lanes, ...times, directory, refreshTopology });
  return { ...parts, lanes, performer, listeners, deadlineMs, standing };
}
