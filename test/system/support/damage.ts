import {
  cpSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";

/** What was done to a file. */
export interface Damage {
  readonly file: string;
  readonly what: string;
}

/** Flips a bit of, shortens or deletes one of the files below a directory, by chance. */
export function damage(directory: string, random: () => number): Damage {
  const pick = (below: number): number => Math.floor(random() * below);
  const files = filesBelow(directory);
  const path = files[pick(files.length)];
  if (path === undefined) throw new Error(`there are no files in ${directory}`);
  const file = relative(directory, path);
  const { size } = lstatSync(path);
  const kind = size === 0 ? 2 : pick(3);
  if (kind === 0) {
    const bit = pick(size * 8);
    const content = readFileSync(path);
    const byte = Math.floor(bit / 8);
    content[byte] = (content[byte] ?? 0) ^ (1 << (bit % 8));
    writeFileSync(path, content);
    return { file, what: `bit ${bit} of ${size * 8} flipped` };
  }
  if (kind === 1) {
    const length = pick(size);
    truncateSync(path, length);
    return { file, what: `shortened from ${size} to ${length} bytes` };
  }
  rmSync(path);
  return { file, what: "deleted" };
}

/** Makes a directory the same as another. */
export function copyOver(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

/** A source of chance that repeats itself: mulberry32. Uniform in [0, 1). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}
