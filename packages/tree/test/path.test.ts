import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin, joinPath, nameOf, parentOf, validatePath } from "../src/index.ts";
import { comparePaths } from "../src/path.ts";
import { text } from "./support/bytes.ts";
import { Cluster, codeOf } from "./support/cluster.ts";

/** `é` takes two bytes, so that a path can end on any number of them. */
function pathOfBytes(count: number): string {
  const segment = `/${"é".repeat(100)}`;
  let path = "";
  while (path.length === 0 || Buffer.byteLength(path) + 201 <= count) path += segment;
  const left = count - Buffer.byteLength(path);
  return left === 0 ? path : `${path}/${"x".repeat(left - 1)}`;
}

const names = (
  "__proto__ constructor hasOwnProperty toString valueOf prototype null undefined NaN true 0 -1 " +
  "... .a a. ..a a.. .hidden -rf ~ $HOME %2e%2e %00 C: CON nul a\\b a;b a|b ' \" ` <a> ${x} 1e3 " +
  "{{x}} {region} *?[a] &amp; é e\u0301 ß ı İ ﬀ Ω 中文 العربية 👩‍👩‍👧 𝒳 \u202egnp \ufeffa " +
  "\uffff \u{10ffff}"
)
  .split(" ")
  .concat("a b", " ", "  a", "a\u00a0b", "\u2028");

test.each(names)("a name %j is a name like any other, and no two are the same node", (name) => {
  const tree = new Cluster("global");
  const path = `/global/${name}`;
  expect(validatePath(path)).toBeUndefined();
  expect(codeOf(tree.create(path, name))).toBe("");
  const others = names.filter((other) => other !== name);
  for (const other of others) expect(tree.tree.get(`/global/${other}`)).toBeUndefined();
  expect(tree.tree.children("/global")?.names).toEqual([name]);
  expect(codeOf(tree.create(`${path}/below`))).toBe("");
  tree.restart();
  expect(text(tree.tree.get(path)?.data)).toBe(name);
  expect(tree.tree.get(`${path}/below`)).toBeDefined();
});

test("a name is compared unit by unit: é and e with an accent are two nodes", () => {
  const tree = new Cluster("global");
  tree.create("/global/é", "composed");
  expect(codeOf(tree.create("/global/e\u0301", "decomposed"))).toBe("");
  expect(tree.tree.children("/global")?.names).toEqual(["e\u0301", "é"]);
});

test("a name of a prototype's member exists only when it was created", () => {
  const { tree } = new Cluster("global");
  for (const name of ["__proto__", "constructor", "toString"]) {
    expect(tree.get(`/${name}`)).toBeUndefined();
    expect(tree.get(name)).toBeUndefined();
    expect(tree.children(`/global/${name}`)).toBeUndefined();
  }
});

test.each([
  ["", "empty"],
  ["a", "relative"],
  ["a/b", "relative"],
  ["//", "empty components"],
  ["/a/", "trailing slash"],
  ["//a", "empty component"],
  ["/a//b", "empty component"],
  ["/.", "dot"],
  ["/a/..", "dots"],
  ["/../a", "dots"],
  ["/a/./b", "dot"],
  ["/a\u0000", "NUL"],
  ["/a\nb", "control character"],
  ["/\u001f", "control character"],
  ["/\u007f", "delete"],
  ["/\u0085", "control character of the second block"],
  ["/\u009f", "control character of the second block"],
  ["/\ud800", "half a surrogate pair"],
  ["/\udc00", "half a surrogate pair"],
  ["/a\ud83d", "half a surrogate pair"],
  ["/\ud83d/\ude00", "a pair with a slash in between"],
  ["/\ude00\ud83d", "a pair the wrong way round"],
  ["/\ufffd", "what lossy decoding leaves"],
  [`/${"a/".repeat(32)}a`, "33 components"],
  [`/${"x".repeat(256)}`, "256 bytes in a component"],
  [`/${"é".repeat(128)}`, "256 bytes in a component"],
])("a path is refused %j: %s", (path, _why) => {
  expect(validatePath(path)).toBeTypeOf("string");
  const tree = new Cluster("global");
  expect(codeOf(tree.create(path))).toBe("BAD_PATH");
  expect(codeOf(tree.set(path, ""))).toBe("BAD_PATH");
  expect(codeOf(tree.delete(path))).toBe("BAD_PATH");
  const check = { kind: "check", path, version: -1 } as const;
  expect(codeOf(tree.multi([check]))).toBe("BAD_PATH");
});

test("a path is refused past 1,024 bytes, not before, whatever the characters", () => {
  for (const count of [1_023, 1_024, 1_025, 1_026]) {
    const path = pathOfBytes(count);
    expect(Buffer.byteLength(path)).toBe(count);
    expect(validatePath(path) === undefined).toBe(count <= 1_024);
  }
  expect(validatePath(`/${"𝒳".repeat(63)}xyz`)).toBeUndefined();
  expect(validatePath(`/${"𝒳".repeat(64)}`)).toBeTypeOf("string");
  expect(validatePath(`/${"中".repeat(85)}`)).toBeUndefined();
  expect(validatePath(`/${"中".repeat(85)}x`)).toBeTypeOf("string");
});

test("a path is refused with up to 32 components and 255 bytes each, not before", () => {
  expect(validatePath(`/${"a/".repeat(31)}a`)).toBeUndefined();
  expect(validatePath(`/${"x".repeat(255)}`)).toBeUndefined();
});

test("a path is refused when the digits of a sequential node would make it too long", () => {
  const tree = new Cluster("global");
  const mode = "persistent-sequential";
  expect(codeOf(tree.create(`/global/${"x".repeat(246)}`, "", { mode }))).toBe("BAD_PATH");
  expect(codeOf(tree.create(`/global/${"x".repeat(245)}`, "", { mode }))).toBe("");
});

test("a path is refused with a message that stays short, however long the path", () => {
  expect(validatePath(`/${"x/".repeat(100_000)}`)?.length).toBeLessThan(300);
});

const component = fc
  .string({ unit: "binary", minLength: 1, maxLength: 6 })
  .filter((name) => validatePath(`/${name}`) === undefined && !name.includes("/"));
const anyPath = fc.array(component, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);

test("valid is exactly what the rules say, of any text", () => {
  const unit = fc.oneof(
    fc.constantFrom("/", ".", "a", "\u0000", "\ud800", "\udfff", "é", "𝒳", "\ufffd"),
    fc.string({ unit: "binary", maxLength: 2 }),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 12 }), (units) => {
      const path = units.join("");
      expect(validatePath(path) === undefined).toBe(isValid(path));
    }),
    { numRuns: 2_000 },
  );
});

test("parent, name and join belong together", () => {
  fc.assert(
    fc.property(anyPath, component, (path, name) => {
      const child = joinPath(path, name);
      expect(validatePath(child) === undefined || child.split("/").length > 6).toBe(true);
      expect(parentOf(child)).toBe(path);
      expect(nameOf(child)).toBe(name);
      expect(isWithin(child, path)).toBe(true);
      expect(isWithin(path, child)).toBe(false);
      expect(isWithin(`${child}x`, child)).toBe(false);
    }),
  );
  expect(parentOf("/")).toBe("/");
});

test("tree order puts each node before its subtree and siblings by code units", () => {
  fc.assert(
    fc.property(fc.array(anyPath, { maxLength: 20 }), (paths) => {
      const byComponents = (a: string, b: string): number => {
        const [left, right] = [a.split("/"), b.split("/")];
        for (const [at, part] of left.entries()) {
          const other = right[at];
          if (other === undefined) return 1;
          if (part !== other) return part < other ? -1 : 1;
        }
        return left.length - right.length;
      };
      const plain = paths.map((path) => (path === "/" ? "" : path));
      expect(paths.toSorted(comparePaths).map((path) => (path === "/" ? "" : path))).toEqual(
        plain.toSorted(byComponents),
      );
    }),
  );
});

/** The rules once more, slowly. */
function isValid(path: string): boolean {
  if (path === "/") return true;
  const bytes = (part: string): number => new TextEncoder().encode(part).byteLength;
  if (!path.startsWith("/") || /\p{Cs}/u.test(path) || bytes(path) > 1_024) return false;
  const parts = path.slice(1).split("/");
  const bad = /[\p{Cc}\ufffd]/u;
  return (
    parts.length <= 32 &&
    parts.every((part) => part !== "" && part !== "." && part !== ".." && bytes(part) <= 255) &&
    !bad.test(path)
  );
}
