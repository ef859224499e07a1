/**
 * A table without borders, for people and for `awk`: columns are parted by two blanks. Takes
 * thousands of rows as well: it looks at each cell twice.
 */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map(String));
  const widths = head.map(() => 0);
  for (const cells of lines) {
    for (const [column, cell] of cells.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return lines.map((cells) => `${padded(cells, widths)}\n`).join("");
}

function padded(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join("  ")
    .trimEnd();
}
