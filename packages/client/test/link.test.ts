import type { FrameHandler } from "@meridian/transport";
import type { IServerFrame } from "@meridian/wire";
import { expect, test } from "vitest";
import type { PooledChannel } from "../src/channel.ts";
import { Link } from "../src/link.ts";
import { VirtualRuntime } from "./virtual-runtime.ts";

const place = { node: "n", region: "r", cluster: "r", role: "regional-voter", address: "n" };
const secret = new Uint8Array(0);
const hello = { sessionId: 0, secret, timeoutMs: 0, create: false, region: "r", attachment: 0 };

/** A link whose owner closes it at its first welcome or answer, and what it was told of. */
function opened(closesAt: "welcome" | "response") {
  let handler: FrameHandler<IServerFrame> | undefined;
  const channel = {
    session: (given: FrameHandler<IServerFrame>) => {
      handler = given;
      return { send: () => undefined, bufferedBytes: 0, close: () => undefined };
    },
  } as unknown as PooledChannel["channel"];
  const told: string[] = [];
  const link = new Link({
    runtime: new VirtualRuntime(),
    pooled: { address: "n", channel, heardAtMs: 0 },
    place,
    hello,
    attachTimeoutMs: 1_000,
    pingIntervalMs: 1_000,
    events: {
      onWelcome: (from) => {
        told.push("welcome");
        if (closesAt === "welcome") from.close();
      },
      onResponse: (from, { id }) => {
        told.push(`response ${id}`);
        if (closesAt === "response") from.close();
      },
      onWatchEvents: (_, { watch }) => told.push(`events ${watch}`),
      onDown: () => told.push("down"),
      acknowledged: () => 0,
    },
  });
  link.open();
  const welcome = { node: "n", cluster: "r", incarnation: 1, region: "r", tier: 2, leader: "m" };
  const responses = [1, 2].map((id) => ({ id, index: 1, positions: [] }));
  const events = [{ watch: 1, events: [], positions: [], laterResponses: 0 }];
  handler?.onFrame({ welcome, responses, events } as unknown as IServerFrame);
  return told;
}

test("the rest of a frame is void once its link was left: another gives the same ids anew", () => {
  expect(opened("welcome")).toEqual(["welcome"]);
  expect(opened("response")).toEqual(["welcome", "response 1"]);
});

test("a node that says it has heard is waited for; a silent one is given up", async () => {
  let handler: FrameHandler<IServerFrame> | undefined;
  const channel = {
    session: (given: FrameHandler<IServerFrame>) => {
      handler = given;
      return { send: () => undefined, bufferedBytes: 0, close: () => undefined };
    },
  } as unknown as PooledChannel["channel"];
  const runtime = new VirtualRuntime();
  let isDown = false;
  const link = new Link({
    runtime,
    pooled: { address: "n", channel, heardAtMs: 0 },
    place,
    hello,
    attachTimeoutMs: 1_000,
    pingIntervalMs: 400,
    events: {
      onWelcome: () => undefined,
      onResponse: () => undefined,
      onWatchEvents: () => undefined,
      onDown: () => (isDown = true),
      acknowledged: () => 0,
    },
  });
  link.open();
  for (let told = 0; told < 5; told += 1) {
    await runtime.run(800);
    handler?.onFrame({ responses: [], events: [] } as unknown as IServerFrame);
  }
  expect(isDown).toBe(false);
  await runtime.run(1_500);
  expect(isDown).toBe(true);
});
