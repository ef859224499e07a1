import { createRequire } from "node:module";

import type * as Yaml from "yaml";

let loaded: typeof Yaml | undefined;

/** The library for YAML, loaded when it is needed: what programs write is read without it. */
export function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)("yaml") as typeof Yaml;
  return loaded;
}
