import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Source from "../../src/index.ts";

/** The package, with one thing changed. */
export interface Change {
  /** File in `src`. */
  readonly file: string;
  /** Found there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/**
 * The sources of the package, compiled with their private fields opened, so that a member's whole
 * state can be compared with another's; on demand with one change. Nothing else is different.
 */
export async function openSource(change?: Change): Promise<typeof Source> {
  const folder = mkdtempSync(join(tmpdir(), "meridian-exploration-"));
  try {
    cpSync(fileURLToPath(new URL("../../src", import.meta.url)), join(folder, "src"), {
      recursive: true,
    });
    const names = readdirSync(join(folder, "src")).filter((name) => name.endsWith(".ts"));
    for (const name of names) {
      const path = join(folder, "src", name);
      const source = readFileSync(path, "utf8");
      writeFileSync(path, open(change?.file === name ? apply(source, change) : source));
    }
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    mkdirSync(join(folder, "out"));
    const compiler = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
    const options = "--noCheck --target es2023 --module nodenext --rewriteRelativeImportExtensions";
    const files = [join(folder, "src", "index.ts")];
    const tsc = [join(compiler, "bin", "tsc"), "--outDir", join(folder, "out")];
    execFileSync(process.execPath, [...tsc, ...options.split(" "), ...files]);
    const url = pathToFileURL(join(folder, "out", "index.js")).href;
    return (await import(/* @vite-ignore */ url)) as typeof Source;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Private fields become ordinary ones, which nothing else is called. */
function open(source: string): string {
  return source.replaceAll(/#([a-z]\w*)/gi, "opened_$1");
}

function apply(source: string, { file, find, replace }: Change): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}
