/**
 * The value of a text that is a JSON object behind lines of comments, and so YAML as well;
 * undefined when it is anything else. What a program has written is read in a tenth of the time
 * that a reader of YAML takes, which every command and every server would wait for. A key that
 * stands twice in one map, which JSON lets pass, makes it something else: whoever knows the lines
 * refuses it.
 */
export function plainValue(text: string): unknown {
  const body = text.replace(/^(?:#[^\n]*\n)*/, "");
  if (!body.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return keysIn(value) === keysWritten(body) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Text that `plainValue` reads, with indents for people. `comment` goes on top. */
export function plainText(value: object, comment: string): string {
  const head = comment
    .split("\n")
    .map((line) => `# ${line}\n`)
    .join("");
  return `${head}${JSON.stringify(value, undefined, 2)}\n`;
}

function keysIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const values: readonly unknown[] = Object.values(value);
  const own = Array.isArray(value) ? 0 : values.length;
  return values.reduce<number>((count, each) => count + keysIn(each), own);
}

/** Strings with a colon behind them. */
function keysWritten(json: string): number {
  let count = 0;
  for (const [, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"\s*(:)?/g)) {
    if (colon !== undefined) count += 1;
  }
  return count;
}
