import { MeridianError, type IChangeFrame, type IServerFrame } from "@meridian/wire";
import { afterEach, describe, expect, test } from "vitest";
import type { Caller, FrameStream } from "../src/index.ts";
import { Recorder, codeOf, echo, networks, rejection, type TestServer } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function track<T extends { close(): unknown }>(item: T): T {
  closing.push(() => item.close());
  return item;
}

describe.each(networks)("a session over $name", (network) => {
  const open = async (): Promise<TestServer> => track(await network.serve({ coordination: echo }));

  test("answers frames in their order", async () => {
    const channel = track(network.channel((await open()).address));
    const client = new Recorder<IServerFrame>();
    const stream = channel.session(client);
    for (let id = 1; id <= 50; id += 1) stream.send({ requests: [{ id }] });
    const frames = await client.received(50);
    expect(frames.map(({ responses }) => responses[0]?.id)).toEqual(
      Array.from({ length: 50 }, (_, at) => at + 1),
    );
    expect(stream.bufferedBytes).toBe(0);
  });

  test("ends in good order at the client's wish, once for both sides", async () => {
    const server = new Recorder<unknown>();
    const session = (): Recorder<unknown> => server;
    const { address } = track(await network.serve({ coordination: { ...echo, session } }));
    const channel = track(network.channel(address));
    const client = new Recorder<IServerFrame>();
    const stream = channel.session(client);
    stream.send({ goodbye: true });
    stream.close();
    stream.close();
    stream.send({ requests: [{ id: 1 }] });
    expect(await server.closed).toBeUndefined();
    expect(await client.closed).toBeUndefined();
    expect(server.frames).toHaveLength(1);
    expect([server.closes, client.closes]).toEqual([1, 1]);
  });

  test("ends with the server's error, after what was sent before", async () => {
    const session = (stream: FrameStream<object>): Recorder<unknown> => {
      stream.send({ welcome: { node: "n1" } });
      return new Refusing(stream);
    };
    const { address } = track(await network.serve({ coordination: { ...echo, session } }));
    const client = new Recorder<IServerFrame>();
    track(network.channel(address)).session(client).send({ acknowledged: 1 });
    const error = await client.closed;
    expect(error).toMatchObject({ code: "OVERLOADED", retryAfterMs: 20, retryable: true });
    expect(client.frames[0]?.welcome?.node).toBe("n1");
  });

  test("is over for both sides when the client gives it up", async () => {
    const server = new Recorder<unknown>();
    const session = (): Recorder<unknown> => server;
    const { address } = track(await network.serve({ coordination: { ...echo, session } }));
    const client = new Recorder<IServerFrame>();
    const stream = track(network.channel(address)).session(client);
    stream.send({ acknowledged: 1 });
    await server.received(1);
    const why = new Error("no longer wanted");
    stream.close(why);
    expect(await client.closed).toBe(why);
    expect(["REGION_UNAVAILABLE", "undefined"]).toContain(codeOf(await server.closed));
  });
});

describe.each(networks)("a session that fails over $name", (network) => {
  test("breaks when the server goes", async () => {
    const server = await network.serve({ coordination: echo });
    const client = new Recorder<IServerFrame>();
    const stream = track(network.channel(server.address)).session(client);
    stream.send({ requests: [{ id: 1 }] });
    await client.received(1);
    await server.close();
    expect(codeOf(await client.closed)).toBe("REGION_UNAVAILABLE");
    expect(client.closes).toBe(1);
  });

  test("fails at once when nobody serves", async () => {
    const server = await network.serve({});
    await server.close();
    const client = new Recorder<IServerFrame>();
    track(network.channel(server.address)).session(client);
    expect(codeOf(await client.closed)).toBe("REGION_UNAVAILABLE");
  });

  test("does not exist on a node without it", async () => {
    const { address } = track(await network.serve({}));
    const client = new Recorder<IServerFrame>();
    track(network.channel(address)).session(client);
    expect(codeOf(await client.closed)).toBe("UNSUPPORTED");
  });

  test("ends when its channel is closed", async () => {
    const server = new Recorder<unknown>();
    const session = (): Recorder<unknown> => server;
    const { address } = track(await network.serve({ coordination: { ...echo, session } }));
    const channel = network.channel(address);
    const client = new Recorder<IServerFrame>();
    channel.session(client).send({ acknowledged: 1 });
    await server.received(1);
    channel.close();
    expect(codeOf(await client.closed)).toBe("REGION_UNAVAILABLE");
    await server.closed;
    const late = new Recorder<IServerFrame>();
    channel.session(late).send({ acknowledged: 1 });
    expect(codeOf(await late.closed)).toBe("REGION_UNAVAILABLE");
    const call = rejection(channel.execute({ get: { path: "/" } }));
    expect(codeOf(await call)).toBe("REGION_UNAVAILABLE");
  });
});

describe.each(networks)("a change stream over $name", (network) => {
  test("carries changes one way and credit the other", async () => {
    const follow = (stream: FrameStream<object>): object => ({
      onFrame: ({ creditBytes }: { creditBytes: number }) => {
        stream.send({ bookmark: { position: { index: creditBytes } } });
      },
      onClose: () => undefined,
    });
    const { address } = track(await network.serve({ changes: { follow } as never }));
    const client = new Recorder<IChangeFrame>();
    track(network.channel(address)).follow(client).send({ creditBytes: 4096 });
    const [frame] = await client.received(1);
    expect(frame?.bookmark?.position?.index).toBe(4096);
  });
});

describe.each(networks)("a unary call over $name", (network) => {
  test("is answered", async () => {
    const { address } = track(await network.serve({ coordination: echo }));
    const answer = await track(network.channel(address)).execute({ create: { path: "/a" } });
    expect(answer.response?.index).toBe(9);
    expect(answer.servedBy?.node).toBe("n1");
  });

  test("is refused with the server's own error", async () => {
    const { address } = track(await network.serve({ coordination: echo }));
    const call = track(network.channel(address)).execute({ get: { path: "/a" } });
    expect(await rejection(call)).toEqual(
      new MeridianError("NO_NODE", "there is no /a", { hint: "n2" }),
    );
  });

  test("tells of a fault in a handler without its text", async () => {
    const execute = (): never => {
      throw new TypeError("secret");
    };
    const services = { coordination: { ...echo, execute }, onFault: () => undefined };
    const { address } = track(await network.serve(services));
    const error = await rejection(track(network.channel(address)).execute({ get: { path: "/" } }));
    expect(codeOf(error)).toBe("UNKNOWN");
    expect(String(error)).not.toContain("secret");
  });

  test("ends at its deadline on both sides", async () => {
    const { execute, called } = never();
    const { address } = track(await network.serve({ coordination: { ...echo, execute } }));
    const channel = track(network.channel(address));
    await channel.execute({ sync: { path: "/" } }, { deadlineMs: 1 }).catch(() => undefined);
    const call = rejection(channel.execute({ sync: { path: "/" } }, { deadlineMs: 60 }));
    const caller = await called(60);
    expect(caller.deadlineMs).toBeGreaterThan(0);
    expect(caller.deadlineMs).toBeLessThanOrEqual(61);
    expect(codeOf(await call)).toBe("DEADLINE");
    await aborted(caller);
  });

  test("stops at the server when the client cancels it", async () => {
    const { execute, called } = never();
    const { address } = track(await network.serve({ coordination: { ...echo, execute } }));
    const controller = new AbortController();
    const channel = track(network.channel(address));
    const call = rejection(channel.execute({ get: { path: "/" } }, { signal: controller.signal }));
    const caller = await called(10_000);
    controller.abort(new Error("enough"));
    const error = await call;
    expect(codeOf(error)).toBe("UNKNOWN");
    expect((error as Error).cause).toEqual(new Error("enough"));
    await aborted(caller);
  });

  test("leaves the fate of a write open when the connection is lost, not of a read", async () => {
    const { execute, called } = never();
    const server = await network.serve({ coordination: { ...echo, execute } });
    const channel = track(network.channel(server.address));
    const write = rejection(channel.execute({ set: { path: "/a" } }));
    const read = rejection(channel.execute({ get: { path: "/a" } }));
    await called(10_000);
    await called(10_000);
    await server.close();
    expect(codeOf(await write)).toBe("UNKNOWN");
    expect(codeOf(await read)).toBe("REGION_UNAVAILABLE");
    expect(codeOf(await rejection(channel.execute({ set: { path: "/a" } })))).toBe(
      "REGION_UNAVAILABLE",
    );
  });
});

class Refusing extends Recorder<unknown> {
  readonly #stream: FrameStream<object>;
  constructor(stream: FrameStream<object>) {
    super();
    this.#stream = stream;
  }
  override onFrame(): void {
    // Only once the welcome has left does the error find its way behind it.
    setTimeout(() => {
      this.#stream.close(new MeridianError("OVERLOADED", "busy", { retryAfterMs: 20 }));
    }, 5);
  }
}

/**
 * A handler that never answers, and its callers in order (those with a shorter deadline left out).
 */
function never(): { execute: never; called: (deadlineMs: number) => Promise<Caller> } {
  const callers: Caller[] = [];
  let wake: () => void = () => undefined;
  const execute = (_request: unknown, caller: Caller): Promise<never> => {
    callers.push(caller);
    wake();
    return new Promise(() => undefined);
  };
  const called = async (deadlineMs: number): Promise<Caller> => {
    for (;;) {
      const caller = callers.shift();
      if (caller !== undefined && (caller.deadlineMs ?? 0) > deadlineMs / 10) return caller;
      if (caller !== undefined) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { execute: execute as never, called };
}

async function aborted({ signal }: Caller): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
