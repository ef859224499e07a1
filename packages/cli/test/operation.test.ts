import { expect, test } from "vitest";

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
});
