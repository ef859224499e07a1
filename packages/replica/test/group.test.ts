import { Consistency } from "@meridian/wire";
import { expect, test } from "vitest";
import { codeOf, Scene, SessionClient, textOf } from "./harness/index.ts";

const plan = { cluster: "us-west", voters: 3 };
const strict = Consistency.STRICT;

test("a new group elects, founds itself, takes writes and answers strict reads", async () => {
  const scene = new Scene(1, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  const create = client.create("/regions/us-west/a", "1");
  const set = client.set("/regions/us-west/a", "2");
  const read = client.get("/regions/us-west/a", strict);
  await scene.answered(create, set, read);
  expect([codeOf(create), codeOf(set), codeOf(read)]).toEqual(["", "", ""]);
  expect(textOf(read)).toBe("2");
});
