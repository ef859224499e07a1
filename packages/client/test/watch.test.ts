import { ErrorCode, EventKind } from "@meridian/wire";
import { expect, test } from "vitest";
import type { OpenChannel } from "../src/channel.ts";
import type { Meridian } from "../src/client.ts";
import type { Watch } from "../src/watch.ts";
import { decodeToken } from "../src/token.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf } from "./scene.ts";

async function scene(): Promise<{ fleet: FakeFleet; client: Meridian }> {
  const fleet = new FakeFleet();
  fleet.cluster("global").seed("/global/a");
  return { fleet, client: await fleet.client() };
}

/** Reads so many events, and gives their paths. */
async function take(fleet: FakeFleet, watch: Watch, count: number): Promise<string[]> {
  const paths: string[] = [];
  while (paths.length < count) {
    const { value } = await fleet.runtime.until(watch.next());
    if (value === undefined) break;
    paths.push(value.path);
  }
  return paths;
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `/global/n${from + n}`);
}

test("a watch reports what happens from the moment that it is ready", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  fleet.cluster("global").seed("/global/b", "text");
  const { value } = await fleet.runtime.until(watch.next());
  expect(value).toMatchObject({ kind: "created", path: "/global/b", text: "text" });
  expect(value?.position).toMatchObject({ cluster: "global" });
  expect(fleet.select(({ seen }) => seen.some((each) => each.watch !== undefined))).toMatchObject([
    { place: { region: "us-west", cluster: "us-west" } },
  ]);
});

test("over any number of lost connections there is no gap and nothing twice", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  for (let n = 0; n < 200; n += 1) {
    fleet.cluster("global").seed(`/global/n${n}`);
    await fleet.runtime.run(Math.floor(fleet.runtime.random() * 40));
    if (n % 5 !== 0) continue;
    for (const server of fleet.servers.values()) {
      for (const stream of server.streams) stream.sink.break();
    }
  }
  expect(await take(fleet, watch, 200)).toEqual(numbered(0, 200));
});

test("a connection lost between a watch and what it missed leaves no gap", async () => {
  const { fleet, client } = await scene();
  const home = fleet.cluster("us-west");
  home.seed("/regions/us-west/a");
  const watch = client.watch("/regions/us-west", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const servers = fleet.select(({ place }) => place.cluster === "us-west");
  for (const server of servers) server.catchUpMs = 500;
  for (const server of servers) for (const stream of server.streams) stream.sink.break();
  home.seed("/regions/us-west/n0");
  await fleet.runtime.run(200); // it resumes, and has been told nothing yet
  for (const server of servers) for (const stream of server.streams) stream.sink.break();
  home.seed("/regions/us-west/n1");
  expect(await take(fleet, watch, 2)).toEqual(["/regions/us-west/n0", "/regions/us-west/n1"]);
});

test("events of a node that is behind another are waited for, not skipped", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const [serving] = fleet.select(
    ({ streams, place }) => streams.size > 0 && place.cluster === "us-west",
  );
  for (const server of fleet.select((each) => each !== serving)) server.freeze("global");
  for (const path of numbered(0, 5)) fleet.cluster("global").seed(path);
  expect(await take(fleet, watch, 5)).toEqual(numbered(0, 5));
  serving?.kill();
  for (const path of numbered(5, 8)) fleet.cluster("global").seed(path);
  await fleet.runtime.run(3_000);
  for (const server of fleet.servers.values()) server.thaw("global");
  expect(await take(fleet, watch, 3)).toEqual(numbered(5, 8));
});

test("with the own region down a watch goes on at an edge elsewhere", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  for (const server of fleet.select(({ place }) => place.region === "us-west")) server.kill();
  fleet.cluster("global").seed("/global/n0");
  expect(await take(fleet, watch, 1)).toEqual(["/global/n0"]);
});

test("a watch comes back to its own region when that is there again", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const home = fleet.select(({ place }) => place.region === "us-west");
  for (const server of home) server.kill();
  await fleet.runtime.run(5_000);
  for (const server of home) {
    server.isDown = false;
    server.seen.length = 0;
  }
  for (let n = 0; n < 120; n += 1) {
    fleet.cluster("global").seed(`/global/n${n}`);
    await fleet.runtime.run(1_000);
  }
  expect(home.flatMap(({ seen }) => seen.filter((each) => each.watch))).toHaveLength(1);
  expect(await take(fleet, watch, 120)).toEqual(numbered(0, 120));
});

test("another watch goes on from a token, also in the middle of a transaction", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  fleet.cluster("global").seed("/global/x/y/z"); // three nodes in one transaction
  const first = await fleet.runtime.until(watch.next());
  const again = client.watch("/global", { recursive: true, from: first.value?.token });
  const three = await take(fleet, again, 3);
  expect(three).toHaveLength(3);
  const next = client.watch("/global", { recursive: true, from: again.token });
  fleet.cluster("global").seed("/global/n0");
  expect(await take(fleet, next, 1)).toEqual(["/global/n0"]);
});

test("a position that is no longer kept ends the watch with COMPACTED", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  fleet.cluster("global").seed("/global/n0");
  await fleet.runtime.run(10);
  for (const server of fleet.servers.values()) {
    server.script = (request) =>
      request.watch === undefined ? undefined : { error: { code: ErrorCode.COMPACTED } };
    for (const stream of server.streams) stream.sink.break();
  }
  await fleet.runtime.run(1_000);
  expect(await take(fleet, watch, 1)).toEqual(["/global/n0"]); // what came before is not lost
  expect(await fleet.runtime.until(codeOf(watch.next()))).toBe("COMPACTED");
  expect(await watch.next()).toEqual({ done: true, value: undefined });
});

test("a watch that is not read ends with OVERLOADED, and its token resumes", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true, bufferMax: 10 });
  await fleet.runtime.until(watch.ready);
  for (const path of numbered(0, 30)) {
    fleet.cluster("global").seed(path);
    await fleet.runtime.run(5);
  }
  const read: string[] = [];
  const reading = (async () => {
    for await (const { path } of watch) read.push(path);
  })();
  expect(await fleet.runtime.until(codeOf(reading))).toBe("OVERLOADED");
  const rest = client.watch("/global", { recursive: true, from: watch.token });
  read.push(...(await take(fleet, rest, 30 - read.length)));
  expect(read).toEqual(numbered(0, 30));
});

test("a one-shot watch fires once and is over", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global/b", { kind: "exists" });
  await fleet.runtime.until(watch.ready);
  fleet.cluster("global").seed("/global/b");
  fleet.cluster("global").seed("/global/b/c");
  expect(await take(fleet, watch, 1)).toEqual(["/global/b"]);
  expect((await fleet.runtime.until(watch.next())).done).toBe(true);
});

test("a signal ends the iteration, and the server hears of it", async () => {
  const { fleet, client } = await scene();
  const given = new AbortController();
  const watch = client.watch("/global", { signal: given.signal });
  await fleet.runtime.until(watch.ready);
  const next = watch.next();
  given.abort();
  expect((await fleet.runtime.until(next)).done).toBe(true);
  await fleet.runtime.run(10);
  const unwatched = fleet.select(({ seen }) => seen.some((each) => each.unwatch !== undefined));
  expect(unwatched).toHaveLength(1);
});

test("a read after an event shows at least what the event told", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  fleet.server("edge-us-west").freeze("global");
  fleet.cluster("global").seed("/global/b", "new");
  await take(fleet, watch, 1);
  const read = client.get("/global/b", { consistency: "eventual" });
  expect((await fleet.runtime.until(read)).text).toBe("new");
});

test("a node that lags does not report what the caller has seen already", async () => {
  const { fleet, client } = await scene();
  for (const server of fleet.select(({ place }) => place.cluster === "us-west")) {
    server.freeze("global");
  }
  await fleet.runtime.until(client.create("/global/old", ""));
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  for (const server of fleet.servers.values()) server.thaw("global");
  fleet.cluster("global").seed("/global/new");
  expect(await take(fleet, watch, 1)).toEqual(["/global/new"]);
});

test("what a node takes over from a snapshot is told, whatever the caller has seen", async () => {
  const { fleet, client } = await scene();
  await fleet.runtime.until(client.get("/global/a"));
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const [server] = fleet.select(({ seen }) => seen.some((each) => each.watch !== undefined));
  const id = server?.seen.find((each) => each.watch !== undefined)?.id ?? 0;
  const position = { cluster: "global", incarnation: 1, index: 0 };
  const events = [{ kind: EventKind.CREATED, path: "/global/b", position }];
  for (const { sink } of server?.streams ?? []) sink.send({ events: [{ watch: id, events }] });
  expect(await take(fleet, watch, 1)).toEqual(["/global/b"]);
});

test("what a server ends in passing is taken up again", async () => {
  const { fleet, client } = await scene();
  let refusals = 0;
  for (const server of fleet.servers.values()) {
    server.script = (request) => {
      if (request.watch === undefined || refusals >= 4) return undefined;
      refusals += 1;
      return { error: { code: ErrorCode.OVERLOADED, retryAfterMs: 10 } };
    };
  }
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  expect(refusals).toBe(4);
  fleet.cluster("global").seed("/global/n0");
  expect((await fleet.runtime.until(watch.next())).value?.kind).toBe("created");
  expect(EventKind.CREATED).toBe(1);
});

test("the token of a watch does not cover an event that has not been handed out", async () => {
  const { fleet } = await scene();
  let look = (): void => undefined;
  const openChannel: OpenChannel = (address) => {
    const channel = fleet.channel(address);
    return {
      follow: (handler) => channel.follow(handler),
      topology: (options) => channel.topology(options),
      status: (options) => channel.status(options),
      close: () => channel.close(),
      session: (handler) =>
        channel.session({
          onFrame: (frame) => {
            handler.onFrame(frame);
            look(); // an event that came with the frame is on its way to who waits for it
          },
          onClose: (error) => handler.onClose(error),
        }),
    };
  };
  const client = await fleet.client({ openChannel });
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  await fleet.runtime.run(100);
  const before = watch.token;
  const tokens: string[] = [];
  let isHandedOut = false;
  look = () => {
    if (!isHandedOut) tokens.push(watch.token);
  };
  const next = watch.next().finally(() => {
    isHandedOut = true;
  });
  fleet.cluster("global").seed("/global/b");
  const { value } = await fleet.runtime.until(next);
  expect(tokens.length).toBeGreaterThan(0);
  expect(new Set(tokens)).toEqual(new Set([before]));
  expect(watch.token).toBe(value?.token);
});

test("watches end with their client", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const next = watch.next();
  const starting = client.watch("/global");
  await fleet.runtime.until(client.close());
  expect(await fleet.runtime.until(next)).toEqual({ done: true, value: undefined });
  expect(await codeOf(fleet.runtime.until(starting.ready))).toBe("DEADLINE");
});

test("a watch that its node cuts, as it was read too slowly, goes on without a gap", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  fleet.cluster("global").seed("/global/n0");
  expect(await take(fleet, watch, 1)).toEqual(["/global/n0"]);
  const [server] = fleet.select(({ seen }) => seen.some((each) => each.watch !== undefined));
  const id = server?.seen.find((each) => each.watch !== undefined)?.id ?? 0;
  const error = { code: ErrorCode.OVERLOADED, retryAfterMs: 100 };
  for (const { sink } of server?.streams ?? []) sink.send({ events: [{ watch: id, error }] });
  for (const path of numbered(1, 5)) fleet.cluster("global").seed(path);
  expect(await take(fleet, watch, 4)).toEqual(numbered(1, 5));
});

test("events and answers of a frame are taken in the order of the node", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const [server] = fleet.select(({ seen }) => seen.some((each) => each.watch !== undefined));
  const id = server?.seen.find((each) => each.watch !== undefined)?.id ?? 0;
  const told: string[] = [];
  void watch.next().then(() => told.push("event"));
  let isAnswered = false;
  const script = (request: { readonly id: number; readonly get?: unknown }) => {
    if (request.get === undefined || isAnswered) return undefined;
    isAnswered = true;
    const position = { cluster: "global", incarnation: 1, index: 0 };
    const events = [{ kind: EventKind.CREATED, path: "/global/b", position }];
    const answer = { id: request.id, index: 1, node: { path: "/global/b" } };
    for (const { sink } of server?.streams ?? []) {
      sink.send({ responses: [answer], events: [{ watch: id, events, laterResponses: 1 }] });
    }
    return undefined;
  };
  for (const each of fleet.servers.values()) each.script = script;
  await fleet.runtime.until(
    client.get("/global/b", { consistency: "eventual" }).then(
      () => told.push("answer"),
      () => told.push("refusal"),
    ),
  );
  expect(told[0]).toBe("event");
});

test("events that lead back in another region's history are gone on from there", async () => {
  const { fleet, client } = await scene();
  const watch = client.watch("/global", { recursive: true });
  await fleet.runtime.until(watch.ready);
  const [serving] = fleet.select(({ streams }) => streams.size > 0);
  const started = serving?.seen.find((each) => each.watch !== undefined);
  const [stream] = serving?.streams ?? [];
  const at = (cluster: string, index: number) => ({ cluster, incarnation: 1, index });
  const tell = (events: object[], apac: number): void => {
    stream?.sink.send({
      events: [{ watch: started?.id ?? 0, events, positions: [at("apac", apac)] }],
    });
  };
  const change = { kind: EventKind.CHANGED, path: "/global/a", position: at("global", 1) };
  const reached = (): number | undefined =>
    decodeToken(watch.token).find(({ cluster }) => cluster === "apac")?.index;
  tell([], 9);
  await fleet.runtime.run(20);
  expect(reached()).toBe(9);
  tell([], 7);
  await fleet.runtime.run(20);
  expect(reached()).toBe(9);
  tell([change], 7);
  await take(fleet, watch, 1);
  expect(reached()).toBe(7);
});
