import { expect, test } from "vitest";
import type { Opening } from "./contract.ts";
import {
  append,
  codec,
  content,
  failure,
  identity,
  mark,
  promise,
  records,
  refusal,
} from "./samples.ts";

/** What a member is beside its log: its record, whom it met, how it is rebuilt. */
export function memberContract(opening: Opening): void {
  recordContract(opening);
  copyContract(opening);
  acquaintanceContract(opening);
  rebuildContract(opening);
  rebuildLimitsContract(opening);
}

function recordContract({ reopen }: Opening): void {
  test("a new member is not admitted, and keeps the birth it was given", async () => {
    let storage = await reopen({ birth: () => "b1" });
    const fresh = { birth: "b1", admitted: false, recovering: false, forced: undefined };
    expect(storage.member).toMatchObject(fresh);
    storage = await reopen({ birth: () => "b2" });
    expect(storage.member).toMatchObject(fresh);
  });

  test("two members made apart have different births", async () => {
    const { birth } = (await reopen()).member;
    expect(birth).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a member that was admitted stays so, and its promises with it", async () => {
    let storage = await reopen();
    await storage.write({ ...append(1, 4, 3), hardState: promise(3, "n2").hardState });
    await storage.admit();
    await storage.admit();
    expect(storage.member.admitted).toBe(true);
    const before = await content(storage);
    storage = await reopen();
    expect(storage.member.admitted).toBe(true);
    expect(await content(storage)).toEqual(before);
    await storage.write(promise(4, "n1"));
    expect((await reopen()).member.admitted).toBe(true);
  });

  test("what was asked for before closing is said of the member", async () => {
    const storage = await reopen();
    const admitted = storage.admit();
    await storage.close();
    await admitted;
    expect((await reopen()).member.admitted).toBe(true);
    expect(await refusal(storage.admit().then(() => storage.write(append(1, 2))))).toBe("IO");
  });
}

function copyContract({ reopen, place }: Opening): void {
  test.each(["member.json", "member-copy.json"])(
    "a member is the same without %s",
    async (file) => {
      let storage = await reopen({ birth: () => "b1" });
      await storage.write({ ...append(1, 4, 3), hardState: promise(3, "n2").hardState });
      await storage.admit();
      const before = await content(storage);
      await storage.close();
      await place().lose(file);
      const notices: unknown[] = [];
      const onNotice = (notice: unknown): number => notices.push(notice);
      for (const again of [false, true]) {
        storage = await reopen({ onNotice });
        expect(await content(storage)).toEqual(before);
        expect(storage.member).toMatchObject({ birth: "b1", admitted: true });
        expect({ again, notices }).toEqual({ again, notices: [{ kind: "member-restored" }] });
      }
    },
  );
}

function acquaintanceContract({ reopen, place }: Opening): void {
  test("the birth met first under a name is the only one", async () => {
    let storage = await reopen();
    expect(storage.acquaintances).toEqual(new Map());
    expect(await storage.acquaint("n2", "b2")).toBe("new");
    for (const again of [false, true]) {
      if (again) storage = await reopen();
      expect(await storage.acquaint("n2", "b2")).toBe("same");
      expect(await storage.acquaint("n2", "x")).toBe("other");
      expect(storage.acquaintances).toEqual(new Map([["n2", "b2"]]));
    }
    expect(await storage.acquaint("n3", "b3")).toBe("new");
    storage = await reopen();
    expect([...storage.acquaintances.keys()]).toEqual(["n2", "n3"]);
  });

  test("of two births met at once under a name one is new", async () => {
    const storage = await reopen();
    const answers = await Promise.all([storage.acquaint("n2", "a"), storage.acquaint("n2", "b")]);
    expect(answers).toEqual(["new", "other"]);
  });

  test("births are known although their file is lost", async () => {
    let storage = await reopen();
    await storage.acquaint("n2", "b2");
    await storage.close();
    await place().lose("acquaintances.json");
    const notices: unknown[] = [];
    const onNotice = (notice: unknown): number => notices.push(notice);
    storage = await reopen({ onNotice });
    expect(storage.acquaintances).toEqual(new Map([["n2", "b2"]]));
    expect(notices).toEqual([{ kind: "acquaintances-restored" }]);
    await reopen({ onNotice });
    expect(notices).toHaveLength(1);
  });
}

function rebuildContract({ reopen, place }: Opening): void {
  const options = { identity, codec };

  test("a damaged member is rebuilt with its promises and acquaintances", async () => {
    let storage = await reopen({ birth: () => "b1" });
    await storage.write({ ...append(1, 9, 3), hardState: promise(3, "n2", 5).hardState });
    await storage.saveSnapshot(mark(4, 3), records(["four"]));
    await storage.admit();
    await storage.acquaint("n2", "b2");
    await storage.close();
    await place().lose("watermark");
    expect(await failure(reopen())).toMatchObject({ code: "MISSING", repairable: true });
    storage = await place().rebuild(options);
    const rebuilt = { birth: "b1", admitted: true, recovering: true, forced: undefined };
    for (const again of [false, true]) {
      if (again) storage = await place().open(options);
      expect(storage.member).toMatchObject(rebuilt);
      expect(storage.acquaintances).toEqual(new Map([["n2", "b2"]]));
      expect(await content(storage)).toMatchObject({
        hardState: { term: 3, vote: "n2", commitIndex: 0 },
        firstIndex: 1,
        entries: [],
        snapshot: undefined,
      });
      await storage.close();
    }
  });

  test("a rebuilt member takes part as any other, and has recovered once it says so", async () => {
    let storage = await reopen();
    await storage.write(promise(7, "n3"));
    await storage.close();
    storage = await place().rebuild(options);
    await storage.stageSnapshot(mark(20, 7), records(["twenty"]));
    await storage.write({ ...append(21, 24, 7), reset: mark(20, 7) });
    await storage.recovered();
    await storage.recovered();
    const before = await content(storage);
    await storage.close();
    storage = await reopen();
    expect(storage.member.recovering).toBe(false);
    expect(await content(storage)).toEqual(before);
    await expect(storage.write(promise(7, "n1"))).rejects.toThrow("one vote");
  });
}

function rebuildLimitsContract({ reopen, place }: Opening): void {
  const options = { identity, codec };

  test("a member is rebuilt over and over", async () => {
    const storage = await reopen();
    await storage.write(append(1, 3));
    await storage.close();
    for (let i = 0; i < 3; i++) {
      const rebuilt = await place().rebuild(options);
      expect(rebuilt.log.lastIndex()).toBe(0);
      await rebuilt.write(append(1, 9));
      await rebuilt.close();
    }
  });

  test("nothing is rebuilt without the member file, or under another name", async () => {
    expect(await failure(place().rebuild({ ...options, create: true }))).toMatchObject({
      code: "MISSING",
      repairable: false,
    });
    const storage = await reopen();
    const other = { ...options, identity: { ...identity, node: "n9" } };
    await storage.write(append(1, 3));
    expect(await refusal(place().rebuild(options))).toBe("IN_USE");
    await storage.close();
    expect(await refusal(place().rebuild(other))).toBe("WRONG_IDENTITY");
    for (const file of ["member.json", "member-copy.json"]) await place().lose(file);
    const gone = { code: "MISSING", repairable: false };
    expect(await failure(reopen())).toMatchObject(gone);
    expect(await failure(place().rebuild(options))).toMatchObject(gone);
  });
}
