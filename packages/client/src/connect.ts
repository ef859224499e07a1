import { openChannel } from "@meridian/transport";
import { MeridianError } from "@meridian/wire";
import { ChannelPool } from "./channel.ts";
import { Meridian } from "./client.ts";
import type { ClientContext } from "./client-context.ts";
import type { Directory } from "./directory.ts";
import type { LaneContext } from "./lane-context.ts";
import { Lanes } from "./lanes.ts";
import { LANE_LIMITS, type ConnectOptions, type SessionEvent } from "./options.ts";
import { Performer } from "./performer.ts";
import { PositionMap } from "./position.ts";
import { systemRuntime, type Runtime } from "./runtime.ts";
import { Standing } from "./standing.ts";
import { decodeToken } from "./token.ts";
import { TopologySource } from "./topology-source.ts";

const connectDeadlineMs = 10_000;
const defaultMs = 10_000;
const strictDefaultMs = 15_000;

/**
 * Connects to the platform: learns of its nodes and zones from the first endpoint that answers.
 * Streams and sessions are opened when they are first needed.
 * @throws {MeridianError} REGION_UNAVAILABLE when no endpoint answers; BAD_ARGUMENTS.
 */
export async function connect(options: ConnectOptions): Promise<Meridian> {
  const { endpoints = [], topology: given } = options;
  if (endpoints.length === 0 && given === undefined) {
    throw new MeridianError("BAD_ARGUMENTS", "connect needs endpoints or a topology");
  }
  const runtime = options.runtime ?? systemRuntime;
  const pool = new ChannelPool(options.openChannel ?? ((address) => openChannel(address)));
  const region = options.region ?? given?.regions?.[0];
  const topology = new TopologySource({ runtime, pool, endpoints, region });
  const token = new PositionMap();
  token.addAll(decodeToken(options.token ?? ""));
  try {
    await topology.start(given, options.connectDeadlineMs ?? connectDeadlineMs);
  } catch (error) {
    topology.close();
    pool.close();
    throw error;
  }
  return assemble(options, { runtime, pool, topology, token });
}

interface Parts {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  readonly topology: TopologySource;
  readonly token: PositionMap;
}

function assemble(options: ConnectOptions, parts: Parts): Meridian {
  const listeners = new Set<(event: SessionEvent) => void>();
  if (options.onSession !== undefined) listeners.add(options.onSession);
  const standing = new Standing(() => {
    const context = contextOf(options, parts, new Set(), undefined);
    return { client: new Meridian(context), context };
  });
  return new Meridian(contextOf(options, parts, listeners, standing));
}

function contextOf(
  options: ConnectOptions,
  parts: Parts,
  listeners: Set<(event: SessionEvent) => void>,
  standing: Standing | undefined,
): ClientContext {
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
