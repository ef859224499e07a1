import type { Node } from "oxc-parser";
import { type Breach, breach } from "./repository.ts";
import { type Source, nameOf } from "./syntax.ts";

/** Names of files and folders that are no kebab-case nouns, or that say nothing. */
export function pathBreaches(path: string): Breach[] {
  if (path.endsWith(".proto")) return []; // buf wants lower_snake_case there
  return path.split("/").flatMap((part) => {
    if (part.startsWith(".") || /^[A-Z]+(\.md)?$/.test(part)) return [];
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part)) {
      return [breach(path, 1, `${part} is not kebab-case`)];
    }
    const empty = part.split(/[-.]/).find((word) => emptyWords.has(word));
    return empty === undefined ? [] : [breach(path, 1, `"${empty}" in a name says nothing`)];
  });
}

/** Names of types and members that carry a prefix or suffix instead of a meaning. */
export function declarationBreaches(source: Source): Breach[] {
  return source.nodes.flatMap(({ node }) => {
    const what = badDeclaration(node);
    return what === undefined ? [] : [breach(source.path, source.lineOf(node.start), what)];
  });
}

function badDeclaration(node: Node): string | undefined {
  if (types.has(node.type) && "id" in node) {
    const name = nameOf(node.id as Node | null) ?? "";
    if (/(Impl|Manager|Helpers?|Utils?)$/.test(name)) return `${name} has a suffix without meaning`;
    return /^I[A-Z][a-z]/.test(name) ? `${name} has an I in front` : undefined;
  }
  if (node.type !== "PropertyDefinition" && node.type !== "MethodDefinition") return undefined;
  const name = nameOf(node.key) ?? "";
  return name.startsWith("_") ? `${name}: write #${name.slice(1)}` : undefined;
}

const types: ReadonlySet<string> = new Set([
  "ClassDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
]);

const emptyWords: ReadonlySet<string> = new Set([
  "common",
  "helper",
  "helpers",
  "impl",
  "info",
  "manager",
  "misc",
  "util",
  "utils",
]);
