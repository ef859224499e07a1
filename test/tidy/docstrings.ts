import type { Node } from "oxc-parser";
import { type Breach, breach } from "./repository.ts";
import { type Source, nameOf } from "./syntax.ts";

/**
 * Exported declarations without a docstring right above. Re-exports are documented at their origin.
 */
export function docstringBreaches(source: Source): Breach[] {
  const documented = new Set<string>();
  return source.nodes.flatMap(({ node }) => {
    const declaration = exported(node);
    if (declaration === undefined) return [];
    const name = declaredName(declaration);
    if (documented.has(name)) return []; // a later overload of the same function
    documented.add(name);
    if (hasDocstring(source, node.start)) return [];
    return [breach(source.path, source.lineOf(node.start), `export ${name} has no docstring`)];
  });
}

function exported(node: Node): Node | undefined {
  if (node.type === "ExportDefaultDeclaration") return node.declaration;
  return node.type === "ExportNamedDeclaration" ? (node.declaration ?? undefined) : undefined;
}

function declaredName(declaration: Node): string {
  if (declaration.type === "VariableDeclaration") {
    return declaration.declarations.map(({ id }) => nameOf(id) ?? "").join(", ");
  }
  return "id" in declaration ? (nameOf(declaration.id as Node | null) ?? "default") : "default";
}

function hasDocstring({ comments, text }: Source, start: number): boolean {
  const above = comments.findLast(({ end }) => end <= start);
  if (above === undefined || above.type !== "Block" || !above.value.startsWith("*")) return false;
  return text.slice(above.end, start).trim() === "";
}
