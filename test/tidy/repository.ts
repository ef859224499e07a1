import { readFileSync, readdirSync } from "node:fs";
import { relative, resolve } from "node:path";

/** Absolute path of the repository. */
const root: string = resolve(import.meta.dirname, "../..");

/** A file of the repository; `path` is relative to its root and uses `/`. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** A breach of a rule, as `path:line: what is wrong`; line is counted from 1. */
export type Breach = string;

/** Words a breach so that terminals and editors can jump to it. */
export function breach(path: string, line: number, what: string): Breach {
  return `${path}:${line}: ${what}`;
}

/** Names of what lies in a folder, without what is built or installed there. */
export function entries(folder: string): string[] {
  return readdirSync(`${root}/${folder}`)
    .filter((name) => !ephemeral.has(name))
    .sort();
}

/**
 * Paths of all files below a folder, folder by folder, without what is built or installed there.
 */
export function files(folder: string): string[] {
  return readdirSync(`${root}/${folder}`, { withFileTypes: true })
    .filter((entry) => !ephemeral.has(entry.name))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => {
      const path = relative(root, `${entry.parentPath}/${entry.name}`);
      return entry.isDirectory() ? files(path) : [path];
    });
}

/** Reads a file of the repository. */
export function read(path: string): TextFile {
  return { path, text: readFileSync(`${root}/${path}`, "utf8") };
}

/** Made by tools, listed in `.gitignore`: no rule looks at them. */
const ephemeral: ReadonlySet<string> = new Set([
  ".git",
  ".meridian",
  ".nx",
  "dist",
  "node_modules",
]);
