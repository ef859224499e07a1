import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of the reference, taken apart. */
export interface ReferencePage {
  /** Path below the folder of the pages. */
  readonly path: string;
  readonly text: string;
  /** Its TypeScript, block by block. */
  readonly programs: readonly string[];
  /** Lines of its `sh` blocks. */
  readonly lines: readonly ShellLine[];
  /** Languages of its blocks. */
  readonly languages: readonly string[];
}

/** A line to be typed, and what its comment says that it prints. */
interface ShellLine {
  readonly line: string;
  readonly prints: string;
}

/** All pages below a folder. */
export function referencePages(folder: string): readonly ReferencePage[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .sort()
    .map((path) => taken(path, readFileSync(join(folder, path), "utf8")));
}

/**
 * What the comments behind `console.log(…);` say that it prints, in order; `…` stands for anything.
 */
export function expectedPrints(program: string): readonly string[] {
  const lines = program.split("\n").filter((line) => line.includes("console.log("));
  return lines.flatMap((line) => /; \/\/ (.*)$/.exec(line)?.[1] ?? []);
}

/** Whether a text holds what a comment says; `…` stands for anything within a line. */
export function holdsPrint(text: string, prints: string): boolean {
  const pattern = prints.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(pattern.join(".*")).test(text);
}

function taken(path: string, text: string): ReferencePage {
  const blocks = [...text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)];
  const of = (wanted: string): readonly string[] =>
    blocks.flatMap(([, language, body = ""]) => (language === wanted ? [body] : []));
  return {
    path,
    text,
    programs: of("ts"),
    lines: of("sh").flatMap(linesOf),
    languages: blocks.map(([, language = ""]) => language),
  };
}

function linesOf(block: string): readonly ShellLine[] {
  const lines = block.replaceAll("\\\n", " ").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [, command = line, prints = ""] = /^(.*?)\s+# (.*)$/.exec(line) ?? [];
      return { line: command, prints };
    });
}
