import { describe, expect, test } from "vitest";
import {
  ErrorCode,
  MeridianError,
  RpcStatus,
  decodeStatusDetails,
  encodeStatusDetails,
  errorCodeName,
  errorCodeNumber,
  grpcStatusOf,
  isErrorCode,
  isRetryable,
} from "../src/index.ts";

const names = Object.keys(ErrorCode).filter(isErrorCode);

describe("error codes", () => {
  test("every code of the protocol has a name, a number and a gRPC status", () => {
    expect(names).toHaveLength(Object.keys(ErrorCode).length - 1);
    for (const name of names) {
      expect(errorCodeName(errorCodeNumber(name))).toBe(name);
      expect(grpcStatusOf(name)).toBeGreaterThan(0);
    }
  });

  test("codes of newer versions are UNKNOWN", () => {
    expect(errorCodeName(4711)).toBe("UNKNOWN");
    expect(errorCodeName(0)).toBe("UNKNOWN");
    expect(isErrorCode("toString")).toBe(false);
  });

  test("what may have been done is not retryable", () => {
    expect(isRetryable("UNKNOWN")).toBe(false);
    expect(isRetryable("DEADLINE")).toBe(false);
    expect(isRetryable("NOT_LEADER")).toBe(true);
  });
});

describe("MeridianError", () => {
  test("goes through a response unchanged", () => {
    const error = new MeridianError("MOVED", "owned by eu-west", { hint: "eu-west" });
    const again = MeridianError.fromWire(error.toWire());
    expect(again).toEqual(error);
    expect(again.message).toBe("[MOVED] owned by eu-west");
  });

  test.each(names)("%s goes through the details of a gRPC status", (code) => {
    const error = new MeridianError(code, "why", { hint: "node-3", retryAfterMs: 1250 });
    expect(decodeStatusDetails(encodeStatusDetails(error))).toEqual(error);
  });

  test("a pause is never told shorter than it is", () => {
    const error = new MeridianError("OVERLOADED", "busy", { retryAfterMs: 0.4 });
    expect(error.toWire().retryAfterMs).toBe(1);
    expect(decodeStatusDetails(encodeStatusDetails(error))?.retryAfterMs).toBe(1);
  });

  test("details of others are not taken for ours", () => {
    expect(decodeStatusDetails(RpcStatus.encode({ code: 5, message: "x" }))).toBeUndefined();
  });
});
