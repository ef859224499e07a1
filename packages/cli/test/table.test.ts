import { expect, test } from "vitest";

import { table } from "../src/output/table.ts";

test("columns are as wide as their widest cell, and nothing stands behind the last", () => {
  expect(
    table(
      ["NAME", "N"],
      [
        ["a", 1_000],
        ["longer", 2],
        ["", ""],
      ],
    ),
  ).toBe("NAME    N\na       1000\nlonger  2\n\n");
  expect(table(["NAME"], [])).toBe("NAME\n");
});

test("every row stands on a line, however many there are", () => {
  const rows = Array.from({ length: 50_000 }, (_, row) => [row, "us-west", ""]);
  const lines = table(["ROW", "REGION", "NOTE"], rows).split("\n");
  expect(lines).toHaveLength(50_002);
  expect(lines[50_000]).toBe("49999  us-west");
});
