import { type Comment, type Node, parseSync, visitorKeys } from "oxc-parser";
import type { TextFile } from "./repository.ts";

/** A parsed source file. Offsets count UTF-16 code units from the start of the text. */
export interface Source extends TextFile {
  readonly nodes: readonly Placed[];
  readonly comments: readonly Comment[];
  /** Line of an offset, from 1. */
  lineOf(offset: number): number;
}

/** A node of the syntax tree with the node that it is part of. */
export interface Placed {
  readonly node: Node;
  readonly parent: Node | undefined;
}

/** A specifier that a file imports or re-exports from. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Parses a TypeScript or JavaScript file. @throws {Error} on a syntax error. */
export function parse(file: TextFile): Source {
  const { program, comments, errors } = parseSync(file.path, file.text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file.path}: ${error.message}`);
  const starts = lineStarts(file.text);
  return {
    ...file,
    comments,
    nodes: flatten(program),
    lineOf: (offset) => starts.findLastIndex((start) => start <= offset) + 1,
  };
}

/** Everything that a file imports by a literal name, statically, dynamically or for a type. */
export function imports(source: Source): Import[] {
  return source.nodes.flatMap(({ node }) => {
    const from = importedFrom(node);
    if (from?.type !== "Literal" || typeof from.value !== "string") return [];
    return [{ specifier: from.value, line: source.lineOf(from.start) }];
  });
}

/** The name of an identifier or plain key; undefined for anything else. */
export function nameOf(node: Node | null | undefined): string | undefined {
  return node?.type === "Identifier" ? node.name : undefined;
}

function importedFrom(node: Node): Node | null | undefined {
  if (node.type === "CallExpression") {
    return isResolve(node.callee) ? (node.arguments[0] as Node | undefined) : undefined;
  }
  return "source" in node ? node.source : undefined;
}

/** `import.meta.resolve`, `require`, `require.resolve`: they need the package as an import does. */
function isResolve(callee: Node): boolean {
  if (nameOf(callee) === "require") return true;
  if (callee.type !== "MemberExpression" || nameOf(callee.property) !== "resolve") return false;
  return callee.object.type === "MetaProperty" || nameOf(callee.object) === "require";
}

/** All nodes in the order of the text. */
function flatten(root: Node): Placed[] {
  const placed: Placed[] = [{ node: root, parent: undefined }];
  // The array grows while it is walked: what is appended is visited in its turn.
  for (const { node } of placed) {
    for (const child of children(node)) placed.push({ node: child, parent: node });
  }
  return placed.sort((left, right) => left.node.start - right.node.start);
}

function children(node: Node): Node[] {
  const fields = node as unknown as Readonly<Record<string, Node | (Node | null)[] | null>>;
  return (visitorKeys[node.type] ?? [])
    .flatMap((key) => fields[key] ?? [])
    .filter((child) => child !== null);
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}
