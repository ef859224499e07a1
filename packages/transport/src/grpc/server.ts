import { PeerService } from "@meridian/wire";
import grpc, { type ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import { parseAddress } from "../address.ts";
import { SERVER_LIMITS, type ServerLimits } from "../limits.ts";
import { ListenError } from "../listen-error.ts";
import type { Services } from "../service.ts";
import { FAR_WINDOW_BYTES, type Tls } from "./client-options.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { Health } from "./health.ts";
import { Connections, addSettings } from "./internals.ts";
import { openFilesMax } from "./open-files.ts";
import { addReflection } from "./reflection.ts";
import { servedServices } from "./services.ts";

/** What to serve, and where. */
export interface ServeOptions extends Services {
  /** host:port; port 0 takes any free one. */
  readonly listen: string;
  readonly limits?: Partial<ServerLimits>;
  /** Both sides show certificates. Default: plain text. */
  readonly tls?: Tls;
  /**
   * Told of errors in handlers that are no refusals; the caller learns nothing of them. Default:
   * warnings.
   */
  readonly onFault?: (error: unknown) => void;
}

/** A node's server, bound and answering. */
export interface Server {
  /** host:port as bound. */
  readonly address: string;
  readonly port: number;
  /** What the health service answers; false at first. */
  setServing(serving: boolean): void;
  /** Takes no new calls, gives open ones `graceMs` to end, then cuts them. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Serves everything that one node answers on one port, with health and reflection.
 * @throws {ListenError} when the port is taken or may not be used.
 */
export async function serve(options: ServeOptions): Promise<Server> {
  // Its log has no form; what it would say of failures reaches the callers as errors.
  grpc.setLogVerbosity(grpc.logVerbosity.NONE);
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const server = new grpc.Server(serverOptions(limits));
  addSettings(server, {
    initialWindowSize: FAR_WINDOW_BYTES,
    maxHeaderListSize: limits.metadataBytesMax,
  });
  const serving = { messageBytesMax: limits.messageBytesMax, onFault: options.onFault ?? warn };
  const services = servedServices(options, serving);
  const health = new Health(services.map(({ name }) => name));
  const all = [...services, health.served(serving)];
  for (const { definition, handlers } of all) server.addService(definition, handlers);
  addReflection(
    server,
    all.map(({ name }) => name),
  );
  const { host, port: wanted } = parseAddress(options.listen);
  const port = await bind(server, options.listen, wanted, serverCredentials(options.tls));
  const gate = new ConnectionGate(connectionsMax(limits), (path) => peerPaths.has(path));
  const connections = new Connections(server, FAR_WINDOW_BYTES, gate);
  let closing: Promise<void> | undefined;
  return {
    address: `${host}:${port}`,
    port,
    setServing: (serving) => health.setServing(serving),
    close() {
      health.setServing(false);
      closing ??= shutDown(server, connections, limits.graceMs);
      return closing;
    },
  };
}

/** Files that are kept for storage and for what the process asks of others. */
const reservedFiles = 256;
const peerPaths: ReadonlySet<string> = new Set(Object.values(PeerService).map(({ path }) => path));

/** Where the process may have few files open, that counts. */
function connectionsMax(limits: ServerLimits): number {
  return Math.min(limits.connectionsMax, Math.max(1, openFilesMax() - reservedFiles));
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
}

function serverOptions(limits: ServerLimits): ServerOptions {
  return {
    // Twice the limit reaches us, so that most of what is too large is refused with our own error;
    // the peers' messages, which are bounded where they are made, need a little more than the limit
    // too.
    "grpc.max_receive_message_length": 2 * limits.messageBytesMax,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": limits.streamsPerConnectionMax,
    "grpc.keepalive_time_ms": limits.keepaliveMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveTimeoutMs,
    "grpc.enable_channelz": 0,
    "grpc-node.max_session_memory": limits.connectionMemoryMiB,
  };
}

function serverCredentials(tls: Tls | undefined): ServerCredentials {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  const pair = { private_key: tls.key, cert_chain: tls.certificate };
  return grpc.ServerCredentials.createSsl(tls.authority, [pair], true);
}

function bind(
  server: grpc.Server,
  address: string,
  wanted: number,
  credentials: ServerCredentials,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) return resolve(port);
      server.forceShutdown();
      const code = /\bE[A-Z]{3,}\b/u.exec(error.message)?.[0] ?? "UNKNOWN";
      reject(new ListenError(code, address, wanted, { cause: error }));
    });
  });
}

function shutDown(server: grpc.Server, connections: Connections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => connections.cut(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
