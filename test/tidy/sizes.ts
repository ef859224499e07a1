import { type Breach, breach } from "./repository.ts";
import type { Source } from "./syntax.ts";

const fileLinesMax = 500;
const functionLinesMax = 70;
const lineColumnsMax = 100;

/** Files, functions and lines that are longer than a reader should have to hold in mind. */
export function sizeBreaches(source: Source): Breach[] {
  return [...longFiles(source), ...longFunctions(source), ...longLines(source)];
}

function longFiles({ path, text }: Source): Breach[] {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines <= fileLinesMax) return [];
  return [breach(path, fileLinesMax + 1, `file of ${lines} lines, at most ${fileLinesMax}`)];
}

function longFunctions(source: Source): Breach[] {
  return source.nodes.flatMap(({ node }) => {
    if (!functionTypes.has(node.type)) return [];
    const first = source.lineOf(node.start);
    const lines = source.lineOf(node.end) - first + 1;
    if (lines <= functionLinesMax) return [];
    return [breach(source.path, first, `function of ${lines} lines, at most ${functionLinesMax}`)];
  });
}

function longLines({ path, text }: Source): Breach[] {
  return text.split("\n").flatMap((line, index) => {
    const columns = Array.from(line).length;
    if (columns <= lineColumnsMax) return [];
    return [breach(path, index + 1, `line of ${columns} columns, at most ${lineColumnsMax}`)];
  });
}

const functionTypes: ReadonlySet<string> = new Set([
  "ArrowFunctionExpression",
  "FunctionDeclaration",
  "FunctionExpression",
]);
