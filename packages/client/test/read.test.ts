import { Consistency, ErrorCode } from "@meridian/wire";
import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { ReadOptions } from "../src/options.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf, isGlobal } from "./scene.ts";

/** A fleet with some nodes in each kind of zone, and a client in us-west. */
async function seeded(): Promise<{ fleet: FakeFleet; client: Meridian }> {
  const fleet = new FakeFleet();
  fleet.cluster("global").seed("/global/a", "g");
  fleet.cluster("us-west").seed("/regions/us-west/a", "w");
  fleet.cluster("us-west").seed("/shared/a", "s-west");
  fleet.cluster("eu-west").seed("/regions/eu-west/a", "e");
  fleet.cluster("eu-west").seed("/private/eu-west/a", "p");
  fleet.cluster("eu-west").seed("/shared/a", "s-eu");
  fleet.cluster("apac").seed("/shared/a", "s-apac");
  return { fleet, client: await fleet.client() };
}

/** Who served a read, and what it delivered. */
async function served(
  { fleet, client }: { fleet: FakeFleet; client: Meridian },
  path: string,
  options: ReadOptions,
): Promise<string> {
  const { receipt } = await fleet.runtime.until(client.get(path, options));
  return `${receipt.servedBy.tier} ${receipt.servedBy.region} ${receipt.consistency}`;
}

test.each([
  ["/global/a", "strict", "global us-east strict"],
  ["/global/a", "regional", "regional us-west regional"],
  ["/global/a", "eventual", "edge us-west eventual"],
  ["/regions/us-west/a", "strict", "regional us-west strict"],
  ["/regions/us-west/a", "regional", "regional us-west regional"],
  ["/regions/us-west/a", "eventual", "edge us-west eventual"],
  ["/regions/eu-west/a", "strict", "regional eu-west strict"],
  ["/regions/eu-west/a", "regional", "regional us-west regional"],
  ["/regions/eu-west/a", "eventual", "edge us-west eventual"],
  ["/private/eu-west/a", "eventual", "regional eu-west strict"],
  ["/shared/a", "regional", "regional us-west regional"],
  ["/shared/a", "eventual", "edge us-west eventual"],
] as const)("%s with %s is served by %s", async (path, consistency, expected) => {
  const scene = await seeded();
  expect(await served(scene, path, { consistency })).toBe(expected);
});

test("a strict read of an eventual zone is refused before anything is sent", async () => {
  const { fleet, client } = await seeded();
  const read = client.get("/shared/a", { consistency: "strict" });
  expect(await fleet.runtime.until(codeOf(read))).toBe("UNSUPPORTED");
});

test("a path of a region that nobody knows is refused at once", async () => {
  const { fleet, client } = await seeded();
  const startMs = fleet.runtime.nowMs();
  expect(await fleet.runtime.until(codeOf(client.get("/regions/nowhere/a")))).toBe(
    "REGION_UNAVAILABLE",
  );
  expect(fleet.runtime.nowMs()).toBe(startMs);
});

test("an edge that is down is replaced by another edge, then by a region", async () => {
  const scene = await seeded();
  const eventual = { consistency: "eventual" } as const;
  scene.fleet.server("edge-us-west").kill();
  expect(await served(scene, "/global/a", eventual)).toMatch(/^edge (eu-west|apac) eventual$/);
  for (const server of scene.fleet.select(({ place }) => place.role === "edge")) server.kill();
  expect(await served(scene, "/global/a", eventual)).toBe("regional us-west eventual");
});

test("with the own region down, other regions serve regional reads", async () => {
  const scene = await seeded();
  for (const server of scene.fleet.select(({ place }) => place.region === "us-west")) server.kill();
  const regional = { consistency: "regional" } as const;
  expect(await served(scene, "/global/a", regional)).toMatch(/^regional (eu-west|apac) regional$/);
  expect(await served(scene, "/shared/a", regional)).toMatch(/^regional (eu-west|apac) regional$/);
});

test("data older than the bound is passed up until somebody is fresh enough", async () => {
  const scene = await seeded();
  const bounded = { consistency: "eventual", maxStalenessMs: 500 } as const;
  scene.fleet.server("edge-us-west").stalenessMs = 900;
  for (const server of scene.fleet.select(({ place }) => place.cluster === "us-west")) {
    server.stalenessMs = 700;
  }
  expect(await served(scene, "/global/a", bounded)).toMatch(/^regional (eu-west|apac) eventual$/);
  for (const server of scene.fleet.select((each) => !isGlobal(each))) server.stalenessMs = 900;
  expect(await served(scene, "/global/a", bounded)).toBe("global us-east strict");
});

test("when nobody is fresh enough the answer is STALE, also if the owner is away", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select((each) => !isGlobal(each))) server.stalenessMs = 900;
  for (const server of fleet.select(isGlobal)) server.kill();
  const options = { consistency: "regional", maxStalenessMs: 500, deadlineMs: 4_000 } as const;
  expect(await fleet.runtime.until(codeOf(client.get("/global/a", options)))).toBe("STALE");
  const any = await fleet.runtime.until(client.get("/global/a", { consistency: "regional" }));
  expect(any.receipt.stalenessMs).toBe(900);
});

test("a client sees its own write through a mirror that catches up in time", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select(({ place }) => place.cluster === "us-west")) {
    server.freeze("global");
  }
  await fleet.runtime.until(client.set("/global/a", "mine"));
  const reading = client.get("/global/a", { consistency: "regional" });
  await fleet.runtime.run(500);
  for (const server of fleet.select(({ place }) => place.cluster === "us-west")) {
    server.thaw("global");
  }
  const { text, receipt } = await fleet.runtime.until(reading);
  expect(text).toBe("mine");
  expect(receipt.servedBy.tier).toBe("regional");
});

test("a client sees its own write even when no mirror catches up", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select((each) => !isGlobal(each))) server.freeze("global");
  await fleet.runtime.until(client.set("/global/a", "mine"));
  const { text, receipt } = await fleet.runtime.until(
    client.get("/global/a", { consistency: "eventual" }),
  );
  expect(text).toBe("mine");
  expect(receipt.servedBy.tier).toBe("global");
});

test("another client sees what the token has seen", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select((each) => !isGlobal(each))) server.freeze("global");
  await fleet.runtime.until(client.set("/global/a", "mine"));
  const stale = await fleet.client({ region: "eu-west" });
  const eventual = { consistency: "eventual" } as const;
  expect((await fleet.runtime.until(stale.get("/global/a", eventual))).text).toBe("g");
  const fresh = await fleet.client({ region: "eu-west", token: client.token });
  expect((await fleet.runtime.until(fresh.get("/global/a", eventual))).text).toBe("mine");
  const after = { ...eventual, after: client.token };
  expect((await fleet.runtime.until(stale.get("/global/a", after))).text).toBe("mine");
});

test("what a token says of one cluster does not hold up reads of another", async () => {
  const { fleet, client } = await seeded();
  await fleet.runtime.until(client.set("/global/a", "mine"));
  for (const server of fleet.select((each) => !isGlobal(each))) server.freeze("global");
  await fleet.runtime.until(client.set("/global/a", "again"));
  const startMs = fleet.runtime.nowMs();
  await fleet.runtime.until(client.get("/regions/us-west/a", { consistency: "eventual" }));
  expect(fleet.runtime.nowMs() - startMs).toBeLessThan(20);
});

test("a position is asked for only until the stream has shown it", async () => {
  const { fleet, client } = await seeded();
  await fleet.runtime.until(client.set("/global/a", "mine"));
  const eventual = { consistency: "eventual" } as const;
  for (let n = 0; n < 3; n += 1) await fleet.runtime.until(client.get("/global/a", eventual));
  const afters = fleet.server("edge-us-west").seen.map(({ after }) => after.length);
  expect(afters).toEqual([1, 0, 0]);
});

test("the token never goes back, whoever answers", async () => {
  const { fleet, client } = await seeded();
  fleet.server("edge-us-west").freeze("global");
  let before = 0;
  for (let n = 0; n < 10; n += 1) {
    const consistency = (["strict", "regional", "eventual"] as const)[n % 3];
    if (n % 4 === 0) await fleet.runtime.until(client.set("/global/a", `${n}`));
    const { receipt } = await fleet.runtime.until(client.get("/global/a", { consistency }));
    expect(receipt.position.cluster).toBe("global");
    expect(receipt.position.index).toBeGreaterThanOrEqual(before);
    before = receipt.position.index;
  }
});

test("a quorum read gives the newest of a majority of regions", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select(({ place }) => place.cluster === "us-west")) {
    server.freeze("global");
  }
  fleet.cluster("global").seed("/global/b", "new");
  for (const server of fleet.select(({ place }) => place.region === "apac")) server.kill();
  const quorum = { consistency: "quorum" } as const;
  const { text, receipt } = await fleet.runtime.until(client.get("/global/b", quorum));
  expect(text).toBe("new");
  expect(receipt).toMatchObject({ consistency: "quorum", servedBy: { region: "eu-west" } });
});

test("a quorum read of an eventual zone takes the later of concurrent values", async () => {
  const { fleet, client } = await seeded();
  for (const [region, mtimeMs] of [
    ["us-west", 5],
    ["eu-west", 9],
    ["apac", 7],
  ] as const) {
    const node = fleet.cluster(region).nodes.get("/shared/a");
    if (node === undefined) throw new Error("seeded");
    const vector = [{ region, counter: 1 }];
    fleet.cluster(region).nodes.set("/shared/a", {
      data: node.data,
      stat: { ...node.stat, mtimeMs, origin: region, vector },
    });
  }
  for (const server of fleet.select(({ place }) => place.region === "apac")) server.kill();
  const { text } = await fleet.runtime.until(client.get("/shared/a", { consistency: "quorum" }));
  expect(text).toBe("s-eu");
});

test("without a majority of regions there is no quorum read", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select(({ place }) => place.region !== "us-west")) server.kill();
  const read = client.get("/global/a", { consistency: "quorum", deadlineMs: 3_000 });
  expect(await fleet.runtime.until(codeOf(read))).toBe("REGION_UNAVAILABLE");
});

test("that a node does not exist is an answer, and is not passed on", async () => {
  const { fleet, client } = await seeded();
  for (const consistency of ["strict", "regional", "eventual", "quorum"] as const) {
    const read = codeOf(client.get("/global/none", { consistency }));
    expect(await fleet.runtime.until(read)).toBe("NO_NODE");
  }
  expect((await fleet.runtime.until(client.exists("/global/none"))).exists).toBe(false);
});

test("children come in pages and are put together, up to a limit", async () => {
  const { fleet, client } = await seeded();
  for (let n = 0; n < 2_500; n += 1) {
    fleet.cluster("global").seed(`/global/many/${String(n).padStart(4, "0")}`);
  }
  const all = await fleet.runtime.until(client.children("/global/many"));
  expect(all.names).toHaveLength(2_500);
  expect(all.names).toEqual(all.names.toSorted());
  const some = await fleet.runtime.until(
    client.children("/global/many", { limit: 1_200, startAfter: "0999" }),
  );
  expect(some.names).toHaveLength(1_200);
  expect(some.names[0]).toBe("1000");
  expect(some.more).toBe(true);
});

test("sync brings the token to what the owner has committed", async () => {
  const { fleet, client } = await seeded();
  const edge = fleet.server("edge-us-west");
  edge.freeze("global");
  fleet.cluster("global").seed("/global/b", "new");
  await fleet.runtime.until(client.sync("/global/b"));
  const reading = client.get("/global/b", { consistency: "eventual" });
  await fleet.runtime.run(200);
  edge.thaw("global");
  const { text, receipt } = await fleet.runtime.until(reading);
  expect([text, receipt.servedBy.tier]).toEqual(["new", "edge"]);
});

test("a zone that moved is followed to its new owner, for reads and for writes", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select(({ place }) => place.cluster === "eu-west")) {
    server.script = (request) =>
      request.get !== undefined || request.sequence > 0
        ? { error: { code: 18, message: "moved", hint: "apac" } }
        : undefined;
  }
  for (const server of fleet.select(({ place }) => place.cluster === "apac")) {
    server.script = (request) =>
      request.get === undefined
        ? undefined
        : { node: { path: "/x", data: Buffer.from("here"), stat: {} } };
  }
  const strict = { consistency: "strict" } as const;
  expect((await fleet.runtime.until(client.get("/regions/eu-west/a", strict))).text).toBe("here");
  fleet.cluster("apac").seed("/regions/eu-west/a");
  const written = await fleet.runtime.until(client.set("/regions/eu-west/a", "x"));
  expect(written.receipt.servedBy.region).toBe("apac");
});

/** The members of eu-west and of the global tier name each other as owner. */
function disagree(fleet: FakeFleet, untilMs: number): void {
  const { runtime } = fleet;
  for (const [cluster, hint] of [
    ["eu-west", "global"],
    ["global", "eu-west"],
  ] as const) {
    for (const server of fleet.select(({ place }) => place.cluster === cluster)) {
      server.script = (request) =>
        runtime.nowMs() < untilMs && (request.get !== undefined || request.set !== undefined)
          ? { error: { code: ErrorCode.MOVED, message: "moved", hint } }
          : undefined;
    }
  }
}

test("while clusters name each other as a path's owner, reads and writes wait", async () => {
  const { fleet, client } = await seeded();
  const { runtime } = fleet;
  const path = "/regions/eu-west/a";
  disagree(fleet, runtime.nowMs() + 1_500);
  const answers = [client.get(path, { consistency: "strict" }), client.set(path, "new")] as const;
  await expect(runtime.until(answers[0])).resolves.toMatchObject({ path });
  await expect(runtime.until(answers[1])).resolves.toMatchObject({ path });
  const asked = fleet.select(() => true).flatMap(({ seen }) => seen);
  expect(asked.length).toBeLessThan(80);
});

test("clusters that do not come to agree are unavailable at the deadline, not before", async () => {
  const { fleet, client } = await seeded();
  const { runtime } = fleet;
  const path = "/regions/eu-west/a";
  disagree(fleet, Infinity);
  const sinceMs = runtime.nowMs();
  const deadlineMs = 700;
  const read = codeOf(client.get(path, { consistency: "strict", deadlineMs }));
  const write = codeOf(client.set(path, "new", { deadlineMs }));
  expect(await runtime.until(read)).toBe("REGION_UNAVAILABLE");
  expect(await runtime.until(write)).toBe("REGION_UNAVAILABLE");
  expect(runtime.nowMs() - sinceMs).toBeGreaterThanOrEqual(deadlineMs);
  expect(runtime.nowMs() - sinceMs).toBeLessThan(deadlineMs + 200);
  const control = new AbortController();
  const given = client.set(path, "new", { signal: control.signal });
  await runtime.run(300);
  control.abort(new Error("enough"));
  await expect(runtime.until(given)).rejects.toThrow("enough");
});

test("a multi is applied as a whole or not at all, in one cluster", async () => {
  const { fleet, client } = await seeded();
  const done = await fleet.runtime.until(
    client.multi([
      { kind: "check", path: "/global/a" },
      { kind: "create", path: "/global/m", data: "1" },
      { kind: "delete", path: "/global/a" },
    ]),
  );
  expect(done.parts.map(({ path }) => path)).toEqual(["/global/a", "/global/m", "/global/a"]);
  const failing = client.multi([
    { kind: "set", path: "/global/m", data: "2" },
    { kind: "delete", path: "/global/none" },
  ]);
  await expect(fleet.runtime.until(failing)).rejects.toMatchObject({
    code: "NO_NODE",
    parts: ["", "NO_NODE"],
  });
  expect((await fleet.runtime.until(client.get("/global/m"))).text).toBe("1");
  const spanning = client.multi([
    { kind: "set", path: "/global/m", data: "2" },
    { kind: "set", path: "/regions/us-west/a", data: "2" },
  ]);
  expect(await fleet.runtime.until(codeOf(spanning))).toBe("BAD_ARGUMENTS");
});

test("arguments that make no sense are refused before anything is sent", async () => {
  const { fleet, client } = await seeded();
  const bad: Promise<unknown>[] = [
    client.get("/global/a", { deadlineMs: 0 }),
    client.get("/global/a", { deadlineMs: Number.NaN }),
    client.get("/global/a", { maxStalenessMs: -1 }),
    client.set("/global/a", "x", { version: 1.5 }),
    client.children("/global", { limit: 0 }),
    client.multi([]),
    client.create("/global/t", "", { ttlMs: 0.5 }),
    client.get("/global/a", { after: "no token" }),
  ];
  expect(await Promise.all(bad.map(codeOf))).toEqual(bad.map(() => "BAD_ARGUMENTS"));
  const paths = [client.get("relative"), client.get("/half/\uD800"), client.set("", "")];
  expect(await Promise.all(paths.map(codeOf))).toEqual(paths.map(() => "BAD_PATH"));
  await fleet.runtime.until(client.get("/global/a", { deadlineMs: Infinity }));
});

test("who allows no age at all is not served an old value", async () => {
  const { fleet, client } = await seeded();
  for (const server of fleet.select((each) => !isGlobal(each))) server.stalenessMs = 5;
  const read = client.get("/global/a", { consistency: "eventual", maxStalenessMs: 0 });
  expect((await fleet.runtime.until(read)).receipt.servedBy.tier).toBe("global");
});

test("a topology that is known beforehand needs no endpoint", async () => {
  const { fleet } = await seeded();
  const client = await fleet.client({ endpoints: [], topology: fleet.topology() });
  expect((await fleet.runtime.until(client.get("/global/a"))).text).toBe("g");
});

test("a node that does not know the zones yet is passed over, or waited for", async () => {
  const { fleet } = await seeded();
  fleet.beginners.add("us-west-1");
  const passedOver = await fleet.client();
  expect((await fleet.runtime.until(passedOver.get("/regions/us-west/a"))).text).toBe("w");
  fleet.beginners.add("eu-west-1");
  fleet.runtime.after(3_000, () => fleet.beginners.clear());
  const waitedFor = await fleet.client();
  expect((await fleet.runtime.until(waitedFor.get("/regions/us-west/a"))).text).toBe("w");
});

test("after CAUSALITY_LOST a client goes on once it gives up what it had seen", async () => {
  const { fleet, client } = await seeded();
  await fleet.runtime.until(client.set("/global/a", "x"));
  const edge = fleet.server("edge-us-west");
  edge.script = (request) =>
    request.after.length > 0 ? { error: { code: 15, message: "forked" } } : undefined;
  const eventual = { consistency: "eventual" } as const;
  expect(await fleet.runtime.until(codeOf(client.get("/global/a", eventual)))).toBe(
    "CAUSALITY_LOST",
  );
  client.forget();
  expect(client.token).toBe("");
  expect((await fleet.runtime.until(client.get("/global/a", eventual))).text).toBe("x");
});

test("when no endpoint answers, connect says so", async () => {
  const fleet = new FakeFleet();
  for (const server of fleet.servers.values()) server.kill();
  const connecting = fleet.client({ connectDeadlineMs: 1_000 });
  expect(await codeOf(connecting)).toBe("REGION_UNAVAILABLE");
});

test("a region that is not given is that of the first node to answer", async () => {
  const fleet = new FakeFleet();
  const client = await fleet.client({ region: undefined, endpoints: ["apac-2:1"] });
  expect(client.region).toBe("apac");
});

test("a bare reader asks the replicas of the cluster that it names", async () => {
  const { fleet, client } = await seeded();
  const reader = client.reader("us-west");
  const read = new Promise<string>((resolve) => {
    reader.get("/regions/us-west/a", Consistency.REGIONAL, (error, response) => {
      const text = Buffer.from(response?.node?.data ?? []).toString();
      resolve(`${error?.code ?? "ok"} ${text}`);
    });
  });
  expect(await fleet.runtime.until(read)).toBe("ok w");
  await fleet.runtime.until(client.close());
});
