/* oxlint-disable */
// Generated from packages/wire/grpc-health.proto by packages/wire/generate.mjs. Do not edit.

import type { Reader, Writer } from "protobufjs/minimal.js";
import { codec, readString } from "../codec.ts";
import type { Codec, Encodable, Method } from "../codec.ts";
import { writeUint32 } from "../integers.ts";

/** Whether a service serves. HealthCheckResponse.ServingStatus in the original. */
export const ServingStatus = {
  /** Not known. */
  UNKNOWN: 0,
  /** It serves. */
  SERVING: 1,
  /** It exists and does not serve now. */
  NOT_SERVING: 2,
  /** Watch only: there is no such service. */
  SERVICE_UNKNOWN: 3,
} as const;
/** A value of ServingStatus. Decoded fields may hold others, of newer senders. */
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

/** Names a service. */
export interface IHealthCheckRequest {
  /** Full name of the service; empty: the node as a whole. */
  readonly service: string;
}
/** Codec of HealthCheckRequest. */
export const HealthCheckRequest: Codec<IHealthCheckRequest> = codec(
  "HealthCheckRequest",
  writeHealthCheckRequest,
  readHealthCheckRequest,
);

export function writeHealthCheckRequest(m: Encodable<IHealthCheckRequest>, w: Writer): void {
  if (m.service !== undefined && m.service !== "") {
    w.uint32(10).string(m.service);
  }
}

export function readHealthCheckRequest(r: Reader): IHealthCheckRequest {
  let serviceValue = "";
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 10:
        serviceValue = readString(r);
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { service: serviceValue };
}

/** How a service is. */
export interface IHealthCheckResponse {
  /** How it is. */
  readonly status: number;
}
/** Codec of HealthCheckResponse. */
export const HealthCheckResponse: Codec<IHealthCheckResponse> = codec(
  "HealthCheckResponse",
  writeHealthCheckResponse,
  readHealthCheckResponse,
);

export function writeHealthCheckResponse(m: Encodable<IHealthCheckResponse>, w: Writer): void {
  if (m.status !== undefined && m.status !== 0) {
    writeUint32(w.uint32(8), m.status);
  }
}

export function readHealthCheckResponse(r: Reader): IHealthCheckResponse {
  let statusValue = 0;
  while (r.pos < r.len) {
    const tag = r.tag();
    switch (tag) {
      case 8:
        statusValue = r.uint32();
        break;
      default:
        r.skipType(tag & 7, 0, tag >>> 3);
    }
  }
  return { status: statusValue };
}

/** The standard health service: load balancers and orchestrators ask it whether a node serves. */
export const HealthService: {
  /** How a service is now. NOT_FOUND for services that do not exist here. */
  readonly check: Method<IHealthCheckRequest, IHealthCheckResponse>;
  /** How it is now, and again whenever that changes. */
  readonly watch: Method<IHealthCheckRequest, IHealthCheckResponse>;
} = {
  check: {
    path: "/grpc.health.v1.Health/Check",
    request: HealthCheckRequest,
    response: HealthCheckResponse,
    requestStream: false,
    responseStream: false,
  },
  watch: {
    path: "/grpc.health.v1.Health/Watch",
    request: HealthCheckRequest,
    response: HealthCheckResponse,
    requestStream: false,
    responseStream: true,
  },
};
