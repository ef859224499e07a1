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
}

/**
 * Dependencies that are declared and not imported, imported and not declared, or not referenced.
 */
export function dependencyBreaches(manifest: Manifest): Breach[] {
  const imported = importedPackages(manifest);
  const { dependencies = {} } = JSON.parse(manifest.packageJson.text) as PackageJson;
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
    ...unused(declared, imported, manifest.packageJson, (name) => `"${name}"`),
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
}

interface Tsconfig {
  readonly references?: readonly { readonly path: string }[];
}

const scope = "@meridian/";
