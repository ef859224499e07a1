import Table from "cli-table3";

/** A table without borders, for people and for `awk`: columns are parted by two blanks. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const none = "";
  const grid = new Table({
    head: [...head],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: {
      top: none,
      "top-mid": none,
      "top-left": none,
      "top-right": none,
      bottom: none,
      "bottom-mid": none,
      "bottom-left": none,
      "bottom-right": none,
      left: none,
      "left-mid": none,
      mid: none,
      "mid-mid": none,
      right: none,
      "right-mid": none,
      middle: none,
    },
  });
  for (const row of rows) grid.push(row.map((cell) => String(cell)));
  return grid
    .toString()
    .split("\n")
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
