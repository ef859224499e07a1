import { type Breach, breach } from "./repository.ts";

/**
 * Entries of the top level that do not belong there, and those that are missing. Dot-files are
 * free.
 */
export function topLevelBreaches(entries: readonly string[]): Breach[] {
  const stray = entries.filter((name) => !name.startsWith(".") && !topLevel.includes(name));
  const missing = topLevel.filter((name) => !entries.includes(name));
  return [
    ...stray.map((name) => breach(name, 1, "does not belong on the top level")),
    ...missing.map((name) => breach(name, 1, "is missing from the top level")),
  ];
}

/**
 * Folders without a README.md: the large ones, every package, and whatever lies directly in `test`,
 * `deploy` and `packages`. Folders inside of a package are explained by the package.
 */
export function readmeBreaches(paths: readonly string[]): Breach[] {
  const present = new Set(paths);
  const folders = new Set(
    paths.flatMap((path) => {
      const [first = "", second = "", ...rest] = path.split("/");
      if (!explained.includes(first)) return [];
      return first === "protos" || rest.length === 0 ? [first] : [first, `${first}/${second}`];
    }),
  );
  return [...folders]
    .map((folder) => `${folder}/README.md`)
    .filter((readme) => !present.has(readme))
    .map((readme) => breach(readme, 1, "is missing"));
}

const explained: readonly string[] = ["packages", "protos", "deploy", "test"];

const topLevel: readonly string[] = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "deploy",
  "nx.json",
  "package-lock.json",
  "package.json",
  "packages",
  "protos",
  "test",
  "tsconfig.base.json",
];
