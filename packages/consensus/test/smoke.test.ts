import { expect, test } from "vitest";
import { majority, Raft } from "../src/index.ts";
import { bytes, codec, text } from "./support/codec.ts";
import { MemoryDisk } from "./support/memory-disk.ts";
import { seeded } from "./support/random.ts";

test("three members elect a leader and commit", () => {
  const ids = ["a", "b", "c"];
  const disks = new Map(ids.map((id) => [id, new MemoryDisk()]));
  const nodes = new Map(
    ids.map((id, at) => [
      id,
      new Raft({
        id,
        log: disks.get(id)!,
        random: seeded(at),
        hardState: disks.get(id)!.hardState,
        configuration: majority(ids),
        appliedIndex: 0,
        timing: { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 1, leaseTicks: 10 },
        codec,
      }),
    ]),
  );
  const applied = new Map<string, string[]>(ids.map((id) => [id, []]));
  const settle = (): void => {
    for (let busy = true; busy;) {
      busy = false;
      for (const [id, node] of nodes) {
        const ready = node.ready();
        if (ready === undefined) continue;
        busy = true;
        for (const message of ready.send) nodes.get(message.to)!.step(message);
        if (ready.persist !== undefined) {
          disks.get(id)!.write(ready.persist);
          node.persisted(ready.persist.mark);
          for (const message of ready.persist.send) nodes.get(message.to)!.step(message);
        }
        for (const entry of ready.committed) {
          if (entry.kind === "command") applied.get(id)!.push(text(entry.data));
          node.applied(entry.index);
        }
      }
    }
  };
  nodes.get("a")!.campaign();
  settle();
  expect(nodes.get("a")!.status().role).toBe("leader");
  expect(nodes.get("a")!.propose([bytes("x"), bytes("y")])).toMatchObject({
    accepted: true,
    index: 2,
  });
  settle();
  for (const id of ids) expect(applied.get(id)).toEqual(["x", "y"]);
});
