import { type Breach, type TextFile, breach } from "./repository.ts";
import { type Source, nameOf } from "./syntax.ts";

/** Notes to oneself: what is not done is an issue, not a comment. */
export function noteBreaches({ path, text }: TextFile): Breach[] {
  return text.split("\n").flatMap((line, index) => {
    const [note] = notes.exec(line) ?? [];
    return note === undefined ? [] : [breach(path, index + 1, `${note} left behind`)];
  });
}

/**
 * Tests that do not run. A test that cannot run here says why, from inside:
 * `context.skip(isMissing, "needs etcd")`.
 */
export function skipBreaches(source: Source): Breach[] {
  return source.nodes.flatMap(({ node }) => {
    if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression") return [];
    const { object, property } = node.callee;
    const verb = nameOf(property) ?? "";
    const line = source.lineOf(property.start);
    if (suites.has(nameOf(object) ?? "") && verbs.has(verb)) {
      return [breach(source.path, line, `.${verb}: skip from inside the test, with a reason`)];
    }
    if (verb !== "skip" || node.arguments.some(isText)) return [];
    return [breach(source.path, line, ".skip( without a reason")];
  });
}

function isText(node: { readonly type: string; readonly value?: unknown }): boolean {
  return (
    node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node.value === "string")
  );
}

const suites: ReadonlySet<string> = new Set(["test", "it", "describe", "suite"]);
const verbs: ReadonlySet<string> = new Set(["skip", "skipIf", "runIf", "only", "todo", "fails"]);
/** Spelled in two halves, so that this file passes its own rule. */
const notes = new RegExp(String.raw`\b(TO${"DO"}|FIX${"ME"}|XX${"X"}|HA${"CK"})\b`);
