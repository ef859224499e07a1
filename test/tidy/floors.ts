import { dirname, join } from "node:path/posix";
import { type Breach, breach } from "./repository.ts";
import { type Import, type Source, imports } from "./syntax.ts";

const pure = ["consensus", "merge", "tree"];
const ground = [...pure, "wire", "storage", "transport"];

/** Ground floor first: the sister packages that each package may import, and no others. */
export const floors: Readonly<Record<string, readonly string[]>> = {
  consensus: [],
  merge: [],
  tree: ["merge"],
  wire: [],
  storage: ["consensus", "wire"],
  transport: ["consensus", "wire"],
  replica: ground,
  global: [...ground, "replica"],
  region: [...ground, "replica"],
  edge: [...ground, "replica"],
  client: ["merge", "transport", "wire"],
  admin: ["client", "wire"],
  bench: ["client", "transport", "wire"],
  cli: [...ground, "replica", "global", "region", "edge", "client", "admin", "bench"],
};

/** Packages that import nothing from outside the repository, not even from Node. */
export const purePackages: readonly string[] = pure;

/** The package that a path lies in; undefined outside of `packages`. */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

/**
 * Imports of a package's source that its floor does not allow, or that reach past a package's door.
 */
export function floorBreaches(source: Source): Breach[] {
  return imports(source).flatMap((found) => {
    const why = forbidden(source.path, found);
    return why === undefined ? [] : [breach(source.path, found.line, why)];
  });
}

function forbidden(path: string, { specifier }: Import): string | undefined {
  const name = packageOf(path);
  if (specifier.startsWith(".")) return strayPath(path, join(dirname(path), specifier));
  if (name === undefined || !path.startsWith(`packages/${name}/src/`)) return undefined;
  const sister = /^@meridian\/([^/]+)/.exec(specifier)?.[1];
  if (sister !== undefined) {
    const allowed = floors[name] ?? [];
    return allowed.includes(sister) ? undefined : `${name} may not import ${specifier}`;
  }
  return pure.includes(name) ? `${name} is pure and may not import ${specifier}` : undefined;
}

/** Sources stay in their folder; tests may reach into their own package, not into another. */
function strayPath(path: string, target: string): string | undefined {
  const name = packageOf(path);
  const home = `packages/${name ?? ""}/src/`;
  if (path.startsWith(home) && !target.startsWith(home)) {
    return `${target} lies outside of ${home}`;
  }
  const other = packageOf(target);
  const isStray = other !== undefined && other !== name;
  return isStray ? `import @meridian/${other} by its name, not by its path` : undefined;
}
