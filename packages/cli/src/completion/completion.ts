import type { Command } from "commander";

import type { PlatformChoice } from "../connection/whereabouts.ts";
import { print } from "../output/print.ts";
import { wordsUpToCursor } from "./line.ts";
import { platformNames, znodePaths, type PlatformNames } from "./platform-names.ts";
import { slotAt, type Candidate, type Slot } from "./slot.ts";

/**
 * What a shell is told. `shell`: what it adds of its own: names of files, of folders, of commands.
 * `isOpen`: the word goes on, and takes no blank behind it.
 */
interface Answer {
  readonly shell: "" | "files" | "folders" | "commands";
  readonly isOpen: boolean;
  readonly candidates: readonly Candidate[];
}

const none: Answer = { shell: "", isOpen: false, candidates: [] };
/** A shell waits for this; whoever presses a key does too. */
const answerMsMax = 2_500;

/**
 * Answers a completion script: a line for the shell, then a candidate a line, its description
 * behind a tab. `form`: `line` is the command line as typed up to the cursor, `words` are its words
 * without the name of the program. What goes wrong is not told: a prompt is no place for it.
 */
export async function complete(
  program: Command,
  form: string,
  given: readonly string[],
): Promise<void> {
  const words = form === "line" ? wordsUpToCursor(given[0] ?? "").slice(1) : given;
  const slot = slotAt(program, words);
  // Whatever still keeps the process alive then is not waited for.
  setTimeout(() => process.exit(), answerMsMax).unref();
  const { shell, isOpen, candidates } = await answer(slot).catch(() => none);
  const head = `${shell}:${isOpen ? "open" : ""}\n`;
  const lines = candidates
    .filter(({ word }) => word.startsWith(slot.word))
    .map(({ word, description }) => `${slot.prefix}${word}\t${oneLine(description)}\n`);
  await print(head + lines.join(""));
}

async function answer({ expects, word, given }: Slot): Promise<Answer> {
  switch (expects.kind) {
    case "nothing":
      return none;
    case "words":
      return { ...none, candidates: expects.candidates };
    case "foreign":
      return { ...none, shell: expects.isName ? "commands" : "files" };
    case "value": {
      const choice = {
        topology: given.get("topology"),
        endpoints: given.get("endpoints"),
        region: given.get("region"),
      };
      return await valueAnswer(expects.name, word, choice);
    }
  }
}

async function valueAnswer(name: string, word: string, choice: PlatformChoice): Promise<Answer> {
  if (name === "path") {
    const { candidates, goOn } = await znodePaths(choice, word);
    return { ...none, isOpen: goOn, candidates };
  }
  const kinds = name.split("|");
  const shell = kinds.includes("file") ? "files" : kinds.includes("dir") ? "folders" : "";
  const asked = kinds.filter((kind) => Object.hasOwn(named, kind));
  // Where the caller is does not matter, and is perhaps what is being typed.
  const { topology, endpoints } = choice;
  const names = asked.length === 0 ? undefined : await platformNames({ topology, endpoints });
  const found = names === undefined ? [] : asked.flatMap((kind) => named[kind]?.(names) ?? []);
  const literal = kinds.length === 1 ? [] : kinds.filter((kind) => !isKnown(kind));
  const words = [...new Set([...literal, ...found])];
  return { ...none, shell, candidates: words.map((each) => ({ word: each, description: "" })) };
}

/** Placeholders whose values the platform knows. */
const named: Readonly<Record<string, (names: PlatformNames) => readonly string[]>> = {
  region: ({ regions }) => regions,
  node: ({ nodes }) => nodes,
  cluster: ({ clusters }) => clusters,
  group: ({ groups }) => groups,
};

function isKnown(kind: string): boolean {
  return kind === "file" || kind === "dir" || Object.hasOwn(named, kind);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
