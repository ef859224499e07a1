import { MeridianError } from "@meridian/wire";
import { expect, test } from "vitest";
import { FakeFleet } from "./fake-fleet.ts";

test("a node is created, read, changed and deleted where its zone says", async () => {
  const fleet = new FakeFleet();
  const { runtime } = fleet;
  fleet.cluster("global").seed("/global");
  const client = await fleet.client();
  const made = await runtime.until(client.create("/global/flag", "on"));
  expect(made.path).toBe("/global/flag");
  expect(made.receipt.servedBy).toEqual({
    region: "us-east",
    node: "global-us-east-1",
    tier: "global",
  });
  const read = await runtime.until(client.get("/global/flag"));
  expect(read.text).toBe("on");
  expect(read.receipt.consistency).toBe("strict");
  await runtime.until(client.set("/global/flag", "off", { version: read.stat.version }));
  const again = client.set("/global/flag", "no", { version: read.stat.version });
  await expect(runtime.until(again)).rejects.toMatchObject({ code: "BAD_VERSION" });
  expect((await runtime.until(client.get("/global/flag"))).text).toBe("off");
  await runtime.until(client.delete("/global/flag"));
  expect((await runtime.until(client.exists("/global/flag"))).exists).toBe(false);
  await runtime.until(client.close());
});

test.each([
  [0, "BAD_ARGUMENTS"],
  [128, ""],
  [129, "TOO_LARGE"],
])("a multi of %i parts has the code of the servers, %j", async (length, code) => {
  const fleet = new FakeFleet();
  const { runtime } = fleet;
  fleet.cluster("global").seed("/global");
  const client = await fleet.client();
  const check = { kind: "check", path: "/global" } as const;
  const parts = Array.from({ length }, () => check);
  const end = client.multi(parts).then(
    () => "",
    (error: unknown) => (error instanceof MeridianError ? error.code : error),
  );
  expect(await runtime.until(end)).toBe(code);
});
