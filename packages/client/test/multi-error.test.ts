import { MeridianError } from "@meridian/wire";
import { expect, test } from "vitest";
import { MultiError } from "../src/result.ts";

test("a refused multi says which part failed, and what became of the others", () => {
  const refusal = new MeridianError("BAD_VERSION", "part 1: another version", { hint: "x" });
  const error = new MultiError(refusal, ["", "BAD_VERSION", "", ""]);
  expect(error).toMatchObject({ code: "BAD_VERSION", failedAt: 1, hint: "x", cause: refusal });
  expect(error.outcomes).toEqual(["undone", "failed", "untried", "untried"]);
});

test("a multi that was refused as a whole has no part that failed, and none that was tried", () => {
  const error = new MultiError(new MeridianError("TOO_LARGE", "too many parts"), ["", ""]);
  expect(error.failedAt).toBe(-1);
  expect(error.outcomes).toEqual(["untried", "untried"]);
});
