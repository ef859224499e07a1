import { MeridianError, type NodeValue } from "@meridian/client";
import { type Encodable, type IQuotaUsage, QuotasResponse } from "@meridian/wire";
import { expect, test } from "vitest";
import { putQuota, type QuotaClient, quotas, quotaUsages, removeQuota } from "../src/index.ts";

/** A client whose node somebody else may write between a read and a write. */
class TableClient implements QuotaClient {
  text: string | undefined;
  version = 0;
  /** Runs before each write. */
  meanwhile: () => void = () => undefined;
  writes = 0;

  get(): Promise<NodeValue> {
    if (this.text === undefined) return Promise.reject(new MeridianError("NO_NODE", "none"));
    const { text, version } = this;
    return Promise.resolve({ text, stat: { version } } as unknown as NodeValue);
  }

  create(_path: string, data?: string | Uint8Array): ReturnType<QuotaClient["create"]> {
    this.meanwhile();
    if (this.text !== undefined) return Promise.reject(new MeridianError("NODE_EXISTS", "there"));
    return this.#write(data);
  }

  set(
    _path: string,
    data: string | Uint8Array,
    options: { version?: number | undefined } = {},
  ): ReturnType<QuotaClient["set"]> {
    this.meanwhile();
    if (options.version !== this.version) {
      return Promise.reject(new MeridianError("BAD_VERSION", "another"));
    }
    this.version += 1;
    return this.#write(data);
  }

  #write(data: string | Uint8Array | undefined): ReturnType<QuotaClient["set"]> {
    this.writes += 1;
    this.text = String(data);
    return Promise.resolve({ path: "" } as unknown as Awaited<ReturnType<QuotaClient["set"]>>);
  }
}

test("quotas are put, replaced in their place, and removed", async () => {
  const client = new TableClient();
  expect(await quotas(client)).toEqual([]);
  expect(await removeQuota(client, "/a")).toEqual([]);
  expect(client.writes).toBe(0);
  await putQuota(client, { path: "/a", nodesMax: 1 });
  await putQuota(client, { path: "/b", bytesMax: 2 });
  expect(await putQuota(client, { path: "/a", nodesMax: 3 })).toEqual([
    { path: "/a", nodesMax: 3 },
    { path: "/b", bytesMax: 2 },
  ]);
  expect(await removeQuota(client, "/a")).toEqual([{ path: "/b", bytesMax: 2 }]);
  expect(await quotas(client)).toEqual([{ path: "/b", bytesMax: 2 }]);
});

test("a table that somebody else writes meanwhile keeps what they wrote", async () => {
  const client = new TableClient();
  client.meanwhile = () => {
    client.meanwhile = () => undefined;
    client.text = JSON.stringify([{ path: "/theirs", nodesMax: 1 }]);
  };
  await putQuota(client, { path: "/ours", nodesMax: 2 });
  client.meanwhile = () => {
    client.meanwhile = () => undefined;
    client.version += 1;
    client.text = JSON.stringify([...JSON.parse(client.text ?? ""), { path: "/x", nodesMax: 9 }]);
  };
  await removeQuota(client, "/theirs");
  expect((await quotas(client)).map(({ path }) => path)).toEqual(["/ours", "/x"]);
});

test("a table that is written without end is given up with a typed error", async () => {
  const client = new TableClient();
  client.text = "[]";
  client.meanwhile = () => (client.version += 1);
  const put = putQuota(client, { path: "/a", nodesMax: 1 });
  await expect(put).rejects.toMatchObject({ code: "OVERLOADED" });
});

test("what is used is told by the owner of a path, or else by whoever answers", async () => {
  const topology = {
    nodes: [
      ["g1", "global", "global-voter", "us"],
      ["g2", "global", "global-voter", "eu"],
      ["w1", "global", "witness", "ap"],
      ["eu1", "eu", "regional-voter", "eu"],
      ["us1", "us", "regional-voter", "us"],
      ["e1", "eu", "edge", "eu"],
    ].map(([node = "", cluster = "", role = "", region = ""]) => {
      return { node, cluster, role, region, address: node };
    }),
  };
  const usage = (path: string, owner: string, nodes: number): Encodable<IQuotaUsage> => {
    return { path, owner, nodes, nodesMax: 5 };
  };
  const table = (first: number): Encodable<IQuotaUsage>[] => [
    usage("/global/a", "global", first),
    usage("/regions/eu/b", "eu", first),
    usage("/regions/us/c", "us", first),
    usage("/shared/d", "", first),
  ];
  const said = new Map([
    ["g2", { cluster: "global", quotas: table(10) }],
    ["eu1", { cluster: "eu", quotas: table(20) }],
  ]);
  const [opened, closed]: [string[], string[]] = [[], []];
  const openChannel = (address: string) => {
    opened.push(address);
    return {
      quotas: () => {
        const answer = said.get(address);
        if (answer === undefined) return Promise.reject(new MeridianError("DEADLINE", "silent"));
        return Promise.resolve(QuotasResponse.decode(QuotasResponse.encode(answer)));
      },
      close: () => closed.push(address),
    };
  };
  const found = await quotaUsages(topology, { openChannel, region: "eu" });
  expect(found.unreachable).toEqual(["us"]);
  expect(found.quotas.map(({ path, nodes, toldBy }) => [path, nodes, toldBy])).toEqual([
    ["/global/a", 10, "global"],
    ["/regions/eu/b", 20, "eu"],
    ["/regions/us/c", 10, "global"],
    ["/shared/d", 20, "eu"],
  ]);
  expect(found.quotas[0]).toMatchObject({ nodesMax: 5, bytesMax: undefined, isCounting: false });
  expect(opened.toSorted()).toEqual(["eu1", "g2", "us1"]);
  expect(closed.toSorted()).toEqual(opened.toSorted());
});
