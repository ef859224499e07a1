import { expect, test } from "vitest";
import type { ServiceChange, ServiceView } from "../src/recipes/service-view.ts";
import { clientOf, expireOwner, recipeScene } from "./recipe-scene.ts";
import { codeOf } from "./scene.ts";

type Scene = Awaited<ReturnType<typeof recipeScene>>;

const web = { service: "web", address: "10.0.0.1", port: 80 };

async function viewed(scene: Scene): Promise<{ view: ServiceView; told: string[] }> {
  const view = clientOf(scene, 0).discovery(scene.path).view("web");
  const told: string[] = [];
  const note = ({ kind, instance }: ServiceChange): void => {
    told.push(`${kind} ${instance.id} ${instance.health}`);
  };
  void (async () => {
    for await (const change of view) note(change);
  })();
  await scene.fleet.runtime.until(view.ready);
  return { view, told };
}

test("an instance is found with all that was said of it, until it is deregistered", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const discovery = clientOf(scene, 1).discovery(path);
  expect(await runtime.until(discovery.find("web"))).toEqual([]);
  const metadata = { version: "2" };
  const own = await runtime.until(discovery.register({ ...web, id: "a", zone: "z1", metadata }));
  const expected = { ...web, id: "a", zone: "z1", metadata, region: "us-west", health: "up" };
  expect(await runtime.until(clientOf(scene, 0).discovery(path).find("web"))).toEqual([expected]);
  expect(await runtime.until(discovery.services())).toEqual(["web"]);
  expect(await runtime.until(discovery.find("web", { metadata: { version: "1" } }))).toEqual([]);
  expect(await runtime.until(discovery.find("web", { region: "apac" }))).toEqual([]);
  await runtime.until(own.deregister());
  expect(await runtime.until(discovery.find("web"))).toEqual([]);
});

test("only the healthy are found, unless all are asked for", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const discovery = clientOf(scene, 0).discovery(path);
  const { view, told } = await viewed(scene);
  const own = await runtime.until(discovery.register({ ...web, id: "a" }));
  await runtime.until(own.report("degraded"));
  expect(await runtime.until(discovery.find("web"))).toEqual([]);
  const [found] = await runtime.until(discovery.find("web", { unhealthy: true }));
  expect(found?.health).toBe("degraded");
  expect([view.healthy(), view.pick()?.id]).toEqual([[], "a"]);
  await runtime.until(own.report("down"));
  await runtime.run(50);
  expect(view.pick()).toBeUndefined();
  await runtime.until(own.report("up"));
  await runtime.run(50);
  expect(told).toEqual(["added a up", "changed a degraded", "changed a down", "changed a up"]);
});

test("an instance that does not say how it is counts as down until it does", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const discovery = clientOf(scene, 0).discovery(path);
  const own = await runtime.until(discovery.register({ ...web, id: "a", healthTtlMs: 10_000 }));
  for (let n = 0; n < 5; n += 1) {
    await runtime.run(8_000);
    await runtime.until(own.report("up"));
  }
  expect(await runtime.until(discovery.find("web"))).toHaveLength(1);
  await runtime.run(11_000);
  expect(own.isOverdue).toBe(true);
  expect(await runtime.until(discovery.find("web"))).toEqual([]);
  await runtime.until(own.report("up"));
  expect(await runtime.until(discovery.find("web"))).toHaveLength(1);
});

test("an instance comes back after the end of its session, as it was last", async () => {
  const scene = await recipeScene(2);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const discovery = clientOf(scene, 1).discovery(path);
  const own = await runtime.until(discovery.register({ ...web, id: "a" }));
  await runtime.until(own.update({ metadata: { version: "3" } }));
  expireOwner(scene, own.path);
  expect(await runtime.until(clientOf(scene, 0).discovery(path).find("web"))).toEqual([]);
  await runtime.run(5_000);
  const [found] = await runtime.until(clientOf(scene, 0).discovery(path).find("web"));
  expect(found?.metadata).toEqual({ version: "3" });
});

test("one is chosen by chance, in turn, or as near as there are any", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  const far = await fleet.client({ region: "apac", endpoints: ["apac-1:1"] });
  for (const [id, client, zone] of [
    ["a", far, "z1"],
    ["b", clientOf(scene, 0), "z1"],
    ["c", clientOf(scene, 0), "z2"],
  ] as const) {
    await runtime.until(client.discovery(path).register({ ...web, id, zone }));
  }
  const { view } = await viewed(scene);
  const picks = (strategy: "random" | "round-robin" | "nearest", zone?: string): string[] =>
    Array.from({ length: 60 }, () => view.pick({ strategy, zone })?.id ?? "");
  expect(new Set(picks("random"))).toEqual(new Set(["a", "b", "c"]));
  expect(picks("round-robin").slice(0, 4)).toEqual(["a", "b", "c", "a"]);
  expect(new Set(picks("nearest"))).toEqual(new Set(["b", "c"]));
  expect(new Set(picks("nearest", "z2"))).toEqual(new Set(["c"]));
  expect(new Set(picks("nearest", "z9"))).toEqual(new Set(["b", "c"]));
});

test("what is no instance is passed over, and what cannot be one is refused", async () => {
  const scene = await recipeScene(1);
  const { fleet, path } = scene;
  const { runtime } = fleet;
  for (const [name, text] of [
    ["x", "no json"],
    ["y", '{"address":7}'],
    ["z", "null"],
  ] as const) {
    fleet.cluster("global").seed(`${path}/web/${name}`, text);
  }
  const odd = '{"address":"h","port":1,"health":"sleepy","metadata":{"__proto__":"p","n":1}}';
  fleet.cluster("global").seed(`${path}/web/odd`, odd);
  const discovery = clientOf(scene, 0).discovery(path);
  const [found, ...others] = await runtime.until(discovery.find("web", { unhealthy: true }));
  expect([found?.id, found?.health, others]).toEqual(["odd", "down", []]);
  expect(Object.keys(found?.metadata ?? {})).toEqual(["__proto__"]);
  for (const wrong of [{ port: -1 }, { address: "" }, { id: "a/b" }, { healthTtlMs: 0 }]) {
    expect(await runtime.until(codeOf(discovery.register({ ...web, ...wrong })))).toBe(
      "BAD_ARGUMENTS",
    );
  }
});
