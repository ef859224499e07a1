import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { afterEach, beforeEach, expect, test } from "vitest";

import { portHolder } from "../src/server/port-holder.ts";
import { WanNetwork } from "../src/wan/network.ts";
import { ManualClock } from "./manual-clock.ts";

const times = {
  source: "test",
  roundTripMs: { east: { west: 80, south: 20 }, west: { south: 40 } },
};
const regions = ["east", "west", "south"];

let clock: ManualClock;
let network: WanNetwork;
let node: Server;
let listener: number;
/** Sockets that reached the node, and what each has received. */
let reached: { readonly socket: Socket; received: string; ended: boolean }[];
const callers: Socket[] = [];

beforeEach(async () => {
  clock = new ManualClock();
  network = new WanNetwork(regions, times, clock);
  reached = [];
  node = createServer({ allowHalfOpen: true }, (socket) => {
    const entry = { socket, received: "", ended: false };
    reached.push(entry);
    socket.on("data", (chunk) => (entry.received += chunk.toString()));
    socket.on("end", () => (entry.ended = true));
    socket.on("error", () => {});
  });
  node.listen(0, "127.0.0.1");
  await once(node, "listening");
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  listener = (probe.address() as AddressInfo).port;
  probe.close();
  await once(probe, "close");
  const { port } = node.address() as AddressInfo;
  await network.listen("east", "west", `127.0.0.1:${port}`, `127.0.0.1:${listener}`);
});

afterEach(() => {
  network.close();
  for (const socket of callers.splice(0)) socket.destroy();
  for (const { socket } of reached) socket.destroy();
  node.close();
});

async function call(): Promise<Socket> {
  const socket = connect({ port: listener, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  callers.push(socket);
  await once(socket, "connect");
  return socket;
}

/** Waits until something that needs no more time on the clock has come through the sockets. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(condition()).toBe(true);
}

/** Lets the sockets do whatever they would do by now. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Turns the clock until the condition holds; gives the milliseconds that this took. */
async function turnUntil(condition: () => boolean): Promise<number> {
  const startMs = clock.nowMs();
  for (let step = 0; step < 400 && !condition(); step += 1) {
    clock.turn(1);
    await settle();
  }
  expect(condition()).toBe(true);
  return clock.nowMs() - startMs;
}

test("data takes half a round trip each way and keeps its order", async () => {
  const caller = await call();
  let answer = "";
  caller.on("data", (chunk) => (answer += chunk.toString()));
  for (const word of ["a", "b", "c"]) caller.write(word);
  await settle();
  expect(reached).toHaveLength(0);
  expect(await turnUntil(() => reached[0]?.received === "abc")).toBeGreaterThanOrEqual(40);
  reached[0]?.socket.write("yes");
  await settle();
  expect(answer).toBe("");
  expect(await turnUntil(() => answer === "yes")).toBeGreaterThanOrEqual(40);
});

test("a partition holds data and new connections, and healing delivers them", async () => {
  const caller = await call();
  caller.write("before ");
  await turnUntil(() => reached[0]?.received === "before ");
  network.partition("west");
  caller.write("during");
  const second = await call();
  second.write("second");
  await settle();
  clock.turn(60_000);
  await settle();
  expect(reached).toHaveLength(1);
  expect(reached[0]?.received).toBe("before ");
  expect(caller.destroyed).toBe(false);
  network.heal("west");
  await until(() => reached[0]?.received === "before during" && reached[1]?.received === "second");
});

test("a region without power loses its callers, and gets none until it is back", async () => {
  const caller = await call();
  caller.write("hello");
  await turnUntil(() => reached[0]?.received === "hello");
  network.darken("east");
  await until(() => caller.destroyed);
  const refused = connect({ port: listener, host: "127.0.0.1" });
  refused.on("error", () => {});
  callers.push(refused);
  await until(() => refused.destroyed);
  network.lighten("east");
  const later = await call();
  later.write("back");
  await turnUntil(() => reached.some(({ received }) => received === "back"));
  expect(reached.map(({ received }) => received)).toEqual(["hello", "back"]);
});

test("a one-way partition stops only what the region sends", async () => {
  const caller = await call();
  let answer = "";
  caller.on("data", (chunk) => (answer += chunk.toString()));
  caller.write("x");
  await turnUntil(() => reached[0]?.received === "x");
  network.partition("west", undefined, true);
  caller.write("y");
  reached[0]?.socket.write("lost for now");
  await turnUntil(() => reached[0]?.received === "xy");
  clock.turn(60_000);
  await settle();
  expect(answer).toBe("");
  network.heal();
  await until(() => answer === "lost for now");
});

test("a partition from one region leaves the others alone", () => {
  network.partition("west", "south");
  const cut = network.inspect().flatMap(({ from, to, cut: is }) => (is ? [`${from}>${to}`] : []));
  expect(cut.toSorted()).toEqual(["south>west", "west>south"]);
});

test("extra delay counts for what is sent later, and heal takes it away", async () => {
  const caller = await call();
  caller.write("x");
  await turnUntil(() => reached[0]?.received === "x");
  network.delay("east", 100);
  caller.write("y");
  await settle();
  expect(await turnUntil(() => reached[0]?.received === "xy")).toBeGreaterThanOrEqual(140);
  network.heal("east");
  caller.write("z");
  await settle();
  expect(await turnUntil(() => reached[0]?.received === "xyz")).toBeLessThan(60);
});

test("bytes are counted in the direction they went", async () => {
  const caller = await call();
  caller.write("12345");
  await turnUntil(() => reached[0]?.received === "12345");
  reached[0]?.socket.write("123");
  await settle();
  clock.turn(50);
  const bytes = Object.fromEntries(
    network.inspect().map(({ from, to, bytes: carried }) => [`${from}>${to}`, carried]),
  );
  expect(bytes).toMatchObject({ "east>west": 5, "west>east": 3, "east>south": 0 });
});

test("the end of a direction and a reset travel behind the data", async () => {
  const caller = await call();
  caller.end("last words");
  await turnUntil(() => reached[0]?.received === "last words");
  await until(() => reached[0]?.ended === true);
  let closed = false;
  caller.on("close", () => (closed = true));
  reached[0]?.socket.resetAndDestroy();
  await settle();
  expect(closed).toBe(false);
  expect(await turnUntil(() => closed)).toBeGreaterThanOrEqual(39);
});

test("a node that is down resets its caller, one round trip after the call", async () => {
  const { port } = node.address() as AddressInfo;
  node.close();
  await once(node, "close");
  expect(portHolder(port)).toBeUndefined();
  const caller = await call();
  let closed = false;
  caller.on("close", () => (closed = true));
  await settle();
  expect(await turnUntil(() => closed)).toBeGreaterThanOrEqual(79);
});

test("a sender is made to wait when too much is under way", async () => {
  const caller = await call();
  network.partition("west");
  const chunk = Buffer.alloc(256 * 1024);
  let accepted = 0;
  // Kernel buffers take a few MiB of their own; without a bound all of this would be taken.
  for (let count = 0; count < 200; count += 1) {
    caller.write(chunk, () => (accepted += chunk.byteLength));
  }
  for (let round = 0; round < 20; round += 1) await settle();
  expect(accepted).toBeLessThan(40 * 1024 * 1024);
  const held = accepted;
  for (let round = 0; round < 20; round += 1) await settle();
  expect(accepted).toBe(held);
});
