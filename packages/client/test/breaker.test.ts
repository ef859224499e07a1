import { expect, test } from "vitest";
import { attached, codeOf, isGlobal } from "./scene.ts";

test("in an isolated region strict operations end in time, and later ones fail fast", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  await runtime.run(6_000);
  const startMs = runtime.nowMs();
  const read = codeOf(client.get("/global/a", { deadlineMs: 8_000 }));
  expect(await runtime.until(read)).toBe("GLOBAL_UNAVAILABLE");
  expect(runtime.nowMs() - startMs).toBeLessThanOrEqual(8_010);
  const laterMs = runtime.nowMs();
  for (let n = 0; n < 10; n += 1) {
    const operation = n % 2 === 0 ? client.get("/global/a") : client.set("/global/a", "x");
    expect(await runtime.until(codeOf(operation))).toBe("GLOBAL_UNAVAILABLE");
  }
  expect(runtime.nowMs() - laterMs).toBeLessThan(100);
});

test("it closes by itself when the way is free again", async () => {
  const { fleet, client } = await attached();
  const { runtime } = fleet;
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  await runtime.until(codeOf(client.set("/global/a", "x")));
  expect(await runtime.until(codeOf(client.set("/global/a", "x")))).toBe("GLOBAL_UNAVAILABLE");
  for (const server of fleet.select(isGlobal)) server.isSilent = false;
  await runtime.run(5_000);
  await runtime.until(client.set("/global/a", "y"));
});

test("a region of its own goes on at full speed while the global tier is away", async () => {
  const { fleet, client } = await attached();
  fleet.cluster("us-west").seed("/regions/us-west/a");
  for (const server of fleet.select(isGlobal)) server.isSilent = true;
  const lost = codeOf(client.set("/global/a", "x"));
  const startMs = fleet.runtime.nowMs();
  await fleet.runtime.until(client.set("/regions/us-west/a", "y"));
  expect(fleet.runtime.nowMs() - startMs).toBeLessThan(50);
  expect(await fleet.runtime.until(lost)).toBe("UNKNOWN");
});
