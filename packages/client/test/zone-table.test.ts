import { expect, test } from "vitest";
import { ZoneTable } from "../src/zone-table.ts";

const table = new ZoneTable([
  { prefix: "/global", consistency: "strict", replicate: ["all"] },
  { prefix: "/global/fast", consistency: "eventual" },
  { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
  { prefix: "/pinned", consistency: "regional", home: "eu-west", replicate: ["none"] },
  { prefix: "/later", consistency: "of-a-newer-version" },
]);

test.each([
  ["/global", "/global", "strict", ""],
  ["/global/a/b", "/global", "strict", ""],
  ["/global/fast", "/global/fast", "eventual", ""],
  ["/global/fast/x", "/global/fast", "eventual", ""],
  ["/global/faster", "/global", "strict", ""],
  ["/globally", "/", "strict", ""],
  ["/regions/apac", "/regions/{region}", "regional", "apac"],
  ["/regions/apac/x/y", "/regions/{region}", "regional", "apac"],
  ["/regions", "/", "strict", ""],
  ["/regions/", "/", "strict", ""],
  ["/pinned/x", "/pinned", "regional", "eu-west"],
  ["/", "/", "strict", ""],
])("%s lies in zone %s", (path, prefix, consistency, home) => {
  expect(table.policyOf(path)).toMatchObject({ prefix, consistency, home });
});

test("a promise that this version does not know is read as the strongest one", () => {
  expect(table.policyOf("/later/x").consistency).toBe("strict");
});

test("who holds copies follows the zone", () => {
  expect(table.policyOf("/global").replicate).toBe("all");
  expect(table.policyOf("/pinned").replicate).toEqual([]);
});
