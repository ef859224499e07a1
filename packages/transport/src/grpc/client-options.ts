import grpc, { type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";

/** Certificates of one side, as PEM. */
export interface Tls {
  /** Whom to trust. */
  readonly authority: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** How a client notices that the other side is gone without a word. */
export interface Keepalive {
  /** Silence after which it asks for a sign of life. */
  readonly keepaliveMs: number;
  /** Time for that sign. */
  readonly keepaliveTimeoutMs: number;
}

/**
 * Window of a stream and of a connection. HTTP/2 gives half of it back at a time: at 150 ms of
 * round trip 100 Mbit/s get through.
 */
export const WINDOW_BYTES: number = 4 << 20;

/** Likewise where regions send to each other, and the receiver is known to read: 360 Mbit/s. */
export const FAR_WINDOW_BYTES: number = 16 << 20;

/**
 * Retries are ours: those of grpc-js would send a write twice. Its buffer for them would also call
 * a message written when it is only kept, so it is of no size. Connections are not shared: one that
 * is stuck is dropped with its owner.
 */
export function clientOptions(
  keepalive: Keepalive,
  messageBytesMax: number,
  windowBytes: number = WINDOW_BYTES,
): ChannelOptions {
  return {
    "grpc.enable_retries": 0,
    "grpc.retry_buffer_size": 0,
    "grpc.per_rpc_retry_buffer_size": 0,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.keepalive_time_ms": keepalive.keepaliveMs,
    "grpc.keepalive_timeout_ms": keepalive.keepaliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": -1,
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_channelz": 0,
    "grpc-node.flow_control_window": windowBytes,
  };
}

/** Plain text without `tls`. */
export function clientCredentials(tls: Tls | undefined): ChannelCredentials {
  if (tls === undefined) return grpc.credentials.createInsecure();
  return grpc.credentials.createSsl(tls.authority, tls.key, tls.certificate);
}
