import { existsSync, readFileSync } from "node:fs";

/** A change that is made to the sources as they are loaded. */
export interface SourceChange {
  /** Source file, from the root of the repository. */
  readonly file: string;
  /** Text that is there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that is put into the sources as they are loaded, to see whether it is noticed. */
export interface Plant extends SourceChange {
  readonly name: string;
  /** What is wrong, in one line. */
  readonly what: string;
  /** Scenario that is to notice it. */
  readonly scenario: string;
  /** So many seeds, from 1, are tried at most. */
  readonly seedsMax: number;
}

const root: string = new URL("../..", import.meta.url).pathname;

/** How often the text is in the file; must be once. */
export function occurrences({ file, find }: SourceChange): number {
  const path = `${root}${file}`;
  return existsSync(path) ? readFileSync(path, "utf8").split(find).length - 1 : 0;
}

/** Why a bug cannot be put into the sources as they are; undefined: it can. */
export function misfit(plant: SourceChange): string | undefined {
  const found = occurrences(plant);
  return found === 1 ? undefined : `does not fit: ${plant.file}, found ${found} times`;
}

/** What makes a worker load the sources with the bug. */
export function environmentOf(change: SourceChange): Readonly<Record<string, string>> {
  const { file, find, replace } = change;
  const url = new URL(`../../${file}`, import.meta.url).href;
  return { MERIDIAN_PLANT: JSON.stringify({ url, find, replace }) };
}
