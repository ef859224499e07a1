import { ErrorCode, MeridianError, type MeridianErrorCode } from "@meridian/wire";
import { expect, test } from "vitest";

import { ConfigError } from "../src/config/problem.ts";
import { usageError } from "../src/failure/command-error.ts";
import { failureOf } from "../src/failure/report.ts";

const exitCode = (code: MeridianErrorCode): number =>
  failureOf(new MeridianError(code, "why")).exitCode;

test("exit codes are those that scripts rely on", () => {
  expect(exitCode("NO_NODE")).toBe(4);
  for (const code of ["NODE_EXISTS", "BAD_VERSION", "NOT_EMPTY"] as const) {
    expect(exitCode(code)).toBe(5);
  }
  for (const code of ["PERMISSION_DENIED", "RESIDENCY_DENIED", "UNAUTHENTICATED"] as const) {
    expect(exitCode(code)).toBe(6);
  }
  expect(exitCode("GLOBAL_UNAVAILABLE")).toBe(7);
  expect(exitCode("STALE")).toBe(7);
  expect(exitCode("DEADLINE")).toBe(3);
  expect(exitCode("REGION_UNAVAILABLE")).toBe(3);
  expect(exitCode("BAD_PATH")).toBe(2);
  expect(failureOf(usageError("no")).exitCode).toBe(2);
  expect(failureOf(new ConfigError("f", [])).exitCode).toBe(2);
  expect(failureOf(new Error("bug"))).toMatchObject({ exitCode: 1, code: "INTERNAL" });
});

test("every code of the platform has an exit code that is a failure", () => {
  for (const name of Object.keys(ErrorCode)) {
    if (name === "UNSPECIFIED") continue;
    const code = exitCode(name as MeridianErrorCode);
    expect([1, 2, 3, 4, 5, 6, 7]).toContain(code);
  }
});
