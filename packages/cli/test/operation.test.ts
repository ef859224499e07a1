import { expect, test } from "vitest";

import { operationsOf } from "../src/data/multi.ts";
import { parseOperation, wordsOf } from "../src/data/operation.ts";

test("words are parted as a shell parts them", () => {
  expect(wordsOf(`set /a 'two words' "a \\"quote\\"" plain\\ blank ''`)).toEqual([
    "set",
    "/a",
    "two words",
    'a "quote"',
    "plain blank",
    "",
  ]);
  expect(() => wordsOf("set /a 'open")).toThrow(/not closed/);
});

test("every kind of operation is read", () => {
  expect(parseOperation("create /a")).toEqual({ kind: "create", path: "/a", data: "" });
  expect(parseOperation("create /a- x --sequential --parents")).toEqual({
    kind: "create",
    path: "/a-",
    data: "x",
    sequential: true,
    parents: true,
  });
  expect(parseOperation("create /a --container")).toMatchObject({ mode: "container" });
  expect(parseOperation("create /a x --ttl 500")).toMatchObject({ ttlMs: 500, data: "x" });
  expect(parseOperation("set /a x --version 3")).toEqual({
    kind: "set",
    path: "/a",
    data: "x",
    version: 3,
  });
  expect(parseOperation("delete /a")).toEqual({ kind: "delete", path: "/a" });
  expect(parseOperation("check /a -1")).toEqual({ kind: "check", path: "/a", version: -1 });
});

test("what does not fit is refused with the form that does", () => {
  expect(() => parseOperation("delte /a")).toThrow(/did you mean delete\?/);
  expect(() => parseOperation("set /a")).toThrow(/expected set PATH DATA/);
  expect(() => parseOperation("delete /a --parents")).toThrow(/expected delete PATH/);
  expect(() => parseOperation("check /a x")).toThrow(/whole number/);
  expect(() => parseOperation("set /a x --verison 1")).toThrow(/--verison/);
  expect(() => parseOperation("create /a --ttl soon")).toThrow(/time to live is a whole number/);
  expect(() => parseOperation("create /a --ttl 5 --ephemeral")).toThrow(/exclude each other/);
});

test("JSON says the same as lines, and bytes besides", () => {
  const array = `[{"kind":"check","path":"/a","version":3},
    {"kind":"set","path":"/a","data":"AAE=","encoding":"base64"},
    {"kind":"create","path":"/a/b-","mode":"ttl-sequential","ttlMs":500}]`;
  const found = operationsOf(array);
  expect(found[0]).toEqual(parseOperation("check /a 3"));
  expect(found[1]).toMatchObject({ kind: "set", data: Buffer.from([0, 1]) });
  expect(found[2]).toMatchObject({ mode: "ttl-sequential", ttlMs: 500, data: "" });
  const lines = `{"kind":"delete","path":"/a"}\n\n{"kind":"delete","path":"/b"}\n`;
  expect(operationsOf(lines)).toEqual([
    { kind: "delete", path: "/a", version: undefined },
    { kind: "delete", path: "/b", version: undefined },
  ]);
  expect(operationsOf("# nothing\n\ndelete /a\n")).toEqual([parseOperation("delete /a")]);
});

test("JSON that does not fit is refused at its place", () => {
  const refuses = (text: string, why: RegExp): void => {
    expect(() => operationsOf(text)).toThrow(why);
  };
  refuses("[{]", /cannot be read as JSON/);
  refuses('[{"kind":"set","path":"/a"}]', /operation 1: expected data/);
  refuses('[{"kind":"delete","path":"/a"},{"kind":"dlete","path":"/a"}]', /did you mean delete/);
  refuses('[{"kind":"delete","path":"/a","verison":1}]', /did you mean version/);
  refuses('[{"kind":"delete","path":"/a","version":1.5}]', /whole number/);
  refuses('[{"kind":"create","path":"/a","mode":"forever"}]', /persistent, ephemeral/);
  refuses('[{"kind":"create","path":"/a","encoding":"hex"}]', /base64/);
  refuses('["delete /a"]', /expected an object/);
});
