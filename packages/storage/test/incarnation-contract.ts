import { expect, test } from "vitest";
import type { Opening } from "./contract.ts";
import {
  append,
  codec,
  configuration,
  content,
  failure,
  identity,
  mark,
  promise,
  records,
  refusal,
} from "./samples.ts";

const next = { ...identity, incarnation: 2 } as const;
const forced = {
  ...configuration,
  groups: [{ name: "all", voters: ["n1", "n4"], weight: 1 }],
  learners: [],
};

/** What becomes of a member when another incarnation of its cluster begins. */
export function incarnationContract(opening: Opening): void {
  refoundContract(opening);
  retireContract(opening);
}

function refoundContract({ reopen, place }: Opening): void {
  const options = { identity: next, codec, from: identity, configuration: forced };

  test("a refounded member has the same log and promises, and a forced configuration", async () => {
    let storage = await reopen({ birth: () => "b1" });
    await storage.write({ ...append(1, 9, 3), hardState: promise(3, "n2", 5).hardState });
    await storage.saveSnapshot(mark(4, 3), records(["four"]));
    await storage.admit();
    const before = await content(storage);
    await storage.close();
    storage = await place().refound(options);
    for (const again of [false, true]) {
      if (again) storage = await place().open({ identity: next, codec });
      expect(storage.identity).toEqual(next);
      expect(storage.member).toMatchObject({
        birth: "b1",
        admitted: true,
        forced: { index: 8, configuration: forced },
      });
      expect(await content(storage)).toEqual(before);
      await storage.close();
    }
    expect(await refusal(reopen())).toBe("WRONG_IDENTITY");
  });

  test("a forced configuration is settled once", async () => {
    await (await reopen()).close();
    let storage = await place().refound(options);
    await storage.write(append(1, 3, 2));
    await storage.settleForced();
    await storage.settleForced();
    await storage.close();
    storage = await place().refound(options);
    expect(storage.member.forced).toBeUndefined();
    expect(storage.log.lastIndex()).toBe(2);
    await storage.close();
  });

  test("a refounded member forgets those that are not in the forced configuration", async () => {
    let storage = await reopen();
    for (const node of ["n2", "n3", "n4"]) await storage.acquaint(node, `of ${node}`);
    await storage.close();
    storage = await place().refound(options);
    expect([...storage.acquaintances]).toEqual([["n4", "of n4"]]);
    expect(await storage.acquaint("n2", "another")).toBe("new");
    await storage.settleForced();
    await storage.close();
    storage = await place().open({ identity: next, codec });
    expect([...storage.acquaintances.keys()]).toEqual(["n4", "n2"]);
    await storage.close();
  });

  test("only the incarnation that is named is refounded", async () => {
    await (await reopen()).close();
    const other = { ...options, from: { ...identity, incarnation: 7 } };
    expect(await refusal(place().refound(other))).toBe("WRONG_IDENTITY");
    await (await reopen()).close();
  });
}

function retireContract({ reopen, place }: Opening): void {
  test("a new member is made where one was retired", async () => {
    let storage = await reopen({ birth: () => "b1" });
    await storage.write({ ...append(1, 9, 3), hardState: promise(3, "n2", 5).hardState });
    await storage.saveSnapshot(mark(4, 3), records(["four"]));
    await storage.acquaint("n2", "b2");
    await storage.close();
    await place().retire({ identity, codec });
    storage = await place().open({ identity: next, codec, create: true, birth: () => "b9" });
    expect(storage.member).toMatchObject({ birth: "b9", admitted: false });
    expect(storage.acquaintances.size).toBe(0);
    expect(storage.hardState()).toEqual({ term: 0, vote: undefined, commitIndex: 0 });
    expect(storage.log.lastIndex()).toBe(0);
    await storage.close();
  });

  test("a retired member is gone: it is opened, rebuilt and retired no more", async () => {
    const storage = await reopen();
    expect(await refusal(place().retire({ identity, codec }))).toBe("IN_USE");
    await storage.write(append(1, 3));
    await storage.close();
    await place().retire({ identity, codec });
    const gone = { code: "MISSING", repairable: false };
    expect(await failure(reopen({ create: false }))).toMatchObject(gone);
    expect(await failure(place().rebuild({ identity, codec }))).toMatchObject(gone);
    expect(await refusal(place().retire({ identity, codec }))).toBe("MISSING");
  });
}
