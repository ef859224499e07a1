import { isBuiltin } from "node:module";
import { type Breach, type TextFile, breach } from "./repository.ts";
import { type Source, imports } from "./syntax.ts";

/** What a package's manifest and project file declare, beside what its shipped code imports. */
export interface Manifest {
  readonly name: string;
  readonly packageJson: TextFile;
  readonly tsconfig: TextFile;
  /** Everything that is shipped: `src` and `bin`, generated code included. */
  readonly sources: readonly Source[];
  /** Manifests of all packages of the repository, by name. */
  readonly sisters?: Readonly<Record<string, TextFile>>;
}

/**
 * Dependencies that are declared and not imported, imported and not declared, or not referenced.
 * Who bundles sister packages declares what those need as well: nobody else installs it.
 */
export function dependencyBreaches(manifest: Manifest): Breach[] {
  const imported = importedPackages(manifest);
  const packageJson = JSON.parse(manifest.packageJson.text) as PackageJson;
  const { dependencies = {}, bundleDependencies = [] } = packageJson;
  const bundled = neededBy(bundleDependencies, manifest.sisters ?? {});
  const { references = [] } = JSON.parse(manifest.tsconfig.text) as Tsconfig;
  const declared = Object.keys(dependencies);
  const referenced = references.map(({ path }) => path.replace(/^\.\.\//, scope));
  const missing = [...imported].flatMap(([name, where]) => [
    ...(declared.includes(name) ? [] : [`${where}: ${name} is no dependency in package.json`]),
    ...(!name.startsWith(scope) || referenced.includes(name)
      ? []
      : [`${where}: ${name} is no reference in tsconfig.json`]),
  ]);
  return [
    ...missing,
    ...unbundled(bundled, declared, bundleDependencies, manifest.packageJson),
    ...unused(
      declared,
      new Map([...imported, ...bundled]),
      manifest.packageJson,
      (name) => `"${name}"`,
    ),
    ...unused(referenced, imported, manifest.tsconfig, (name) => name.replace(scope, "../")),
  ];
}

/** Imported packages by name, each with the first place that imports it. */
function importedPackages({ name, sources }: Manifest): Map<string, string> {
  const found = new Map<string, string>();
  for (const source of sources) {
    for (const { specifier, line } of imports(source)) {
      if (/^[.#/]/.test(specifier) || isBuiltin(specifier)) continue;
      const target = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      if (target !== scope + name && !found.has(target))
        found.set(target, `${source.path}:${line}`);
    }
  }
  return found;
}

/** What bundled packages depend on, each with the one that does. */
function neededBy(
  bundled: readonly string[],
  sisters: Readonly<Record<string, TextFile>>,
): Map<string, string> {
  const needed = new Map<string, string>();
  for (const name of bundled) {
    const text = sisters[name.replace(scope, "")]?.text ?? "{}";
    const { dependencies = {} } = JSON.parse(text) as PackageJson;
    for (const dependency of Object.keys(dependencies)) needed.set(dependency, name);
  }
  return needed;
}

/** What bundled packages depend on and the bundling one does not declare, or bundle. */
function unbundled(
  needed: ReadonlyMap<string, string>,
  declared: readonly string[],
  bundled: readonly string[],
  { path, text }: TextFile,
): Breach[] {
  return [...needed].flatMap(([name, by]) => {
    const line = text.split("\n").findIndex((candidate) => candidate.includes(`"${by}"`)) + 1;
    if (!declared.includes(name)) return [breach(path, line, `${by} needs ${name}`)];
    if (!name.startsWith(scope) || bundled.includes(name)) return [];
    return [breach(path, line, `${by} is bundled, and ${name}, which it needs, is not`)];
  });
}

function unused(
  declared: readonly string[],
  imported: ReadonlyMap<string, string>,
  { path, text }: TextFile,
  wording: (name: string) => string,
): Breach[] {
  return declared
    .filter((name) => !imported.has(name))
    .map((name) => {
      const line = text.split("\n").findIndex((candidate) => candidate.includes(wording(name)));
      return breach(path, line + 1, `${name} is declared and not imported`);
    });
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly bundleDependencies?: readonly string[];
}

interface Tsconfig {
  readonly references?: readonly { readonly path: string }[];
}

const scope = "@meridian/";
