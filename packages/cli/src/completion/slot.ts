import type { Argument, Command, Option } from "commander";

/** A word that may stand at a place of the command line. */
export interface Candidate {
  readonly word: string;
  /** For shells that show one; "" for none. */
  readonly description: string;
}

/** What a place of the command line takes. */
export type Expectation =
  /** One of these words. */
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  /** A value that a help text names in angle brackets: `path`, `region`, `real|none|file`. */
  | { readonly kind: "value"; readonly name: string }
  /** The command that `lock` and `elect` run: its name, or one of its arguments. */
  | { readonly kind: "foreign"; readonly isName: boolean }
  | { readonly kind: "nothing" };

/** The place of the command line that is completed. */
export interface Slot {
  readonly expects: Expectation;
  /** The part of the word that stays: `--consistency=` of `--consistency=st`. */
  readonly prefix: string;
  /** The part that is completed. */
  readonly word: string;
  /** Values of options that are given already, by the long name of the option. */
  readonly given: ReadonlyMap<string, string>;
}

const nothing: Expectation = { kind: "nothing" };

/**
 * What may stand at the last of the words, which follow the name of the program. Read off the
 * definitions of the commands: what they take is completed, however they change.
 */
export function slotAt(program: Command, words: readonly string[]): Slot {
  const walk = new Walk(program);
  for (const word of words.slice(0, -1)) walk.pass(word);
  return walk.slot(words.at(-1) ?? "");
}

/** Goes through a command line as the parser would, and knows what comes next. */
class Walk {
  #command: Command;
  /** Positional words of the command so far. */
  #places = 0;
  /** Option that waits for its value. */
  #open: Option | undefined;
  /** `--` has been passed. */
  #isOver = false;
  readonly #given = new Map<string, string>();

  constructor(program: Command) {
    this.#command = program;
  }

  pass(word: string): void {
    const open = this.#open;
    const isOption = !this.#isOver && word.startsWith("-") && word !== "-";
    if (open !== undefined && !(isOption && (open.variadic || !open.required))) {
      this.#given.set(nameOf(open), word);
      if (!open.variadic) this.#open = undefined;
      return;
    }
    this.#open = undefined;
    if (this.#isOver || !isOption) return this.#place(word);
    if (word === "--") this.#isOver = true;
    else this.#option(word);
  }

  slot(current: string): Slot {
    const at = (expects: Expectation, prefix = ""): Slot => {
      return { expects, prefix, word: current.slice(prefix.length), given: this.#given };
    };
    if (this.#isOver) return at(this.#placed());
    const isOption = current.startsWith("-");
    const open = this.#open;
    if (open !== undefined && !(isOption && open.variadic)) return at(valuesOf(open));
    const [, flag = "", sign = ""] = /^(--[^=]+)(=)/.exec(current) ?? [];
    if (sign !== "") {
      const option = this.#find(flag);
      return at(option === undefined ? nothing : valuesOf(option), `${flag}=`);
    }
    if (isOption) return at(this.#options());
    const placed = this.#placed();
    const isWhole = placed.kind === "nothing" && this.#command.commands.length === 0;
    return at(isWhole ? this.#options() : placed);
  }

  #option(word: string): void {
    const [flag = "", ...value] = word.split("=");
    const option = this.#find(flag);
    if (option === undefined) return;
    const takesValue = option.required || option.optional;
    if (value.length > 0) this.#given.set(nameOf(option), value.join("="));
    else if (takesValue) this.#open = option;
    else this.#given.set(nameOf(option), "");
  }

  #place(word: string): void {
    const next = this.#isOver ? undefined : this.#subcommand(word);
    if (next === undefined) this.#places += 1;
    else {
      this.#command = next;
      this.#places = 0;
    }
  }

  #subcommand(word: string): Command | undefined {
    if (this.#places > 0) return undefined;
    return this.#command.commands.find((command) => command.name() === word);
  }

  #find(flag: string): Option | undefined {
    return this.#command.options.find(({ long, short }) => long === flag || short === flag);
  }

  /** The options of the command that are not given yet. */
  #options(): Expectation {
    const visible = this.#command.createHelp().visibleOptions(this.#command);
    const open = visible.filter((option) => option.variadic || !this.#given.has(nameOf(option)));
    return {
      kind: "words",
      candidates: open.map(({ long, short, description }) => {
        return { word: long ?? short ?? "", description };
      }),
    };
  }

  /** What the next positional word may be. */
  #placed(): Expectation {
    const { commands, registeredArguments } = this.#command;
    if (commands.length > 0 && this.#places === 0 && !this.#isOver) {
      const visible = this.#command.createHelp().visibleCommands(this.#command);
      return {
        kind: "words",
        candidates: visible.map((command) => {
          return { word: command.name(), description: command.summary() || command.description() };
        }),
      };
    }
    const last = registeredArguments.at(-1);
    const spread = last?.variadic === true ? last : undefined;
    const argument = registeredArguments[this.#places] ?? spread;
    if (argument === undefined) return nothing;
    if (argument.name() !== "command") return valuesOf(argument);
    const isName = this.#places < registeredArguments.length;
    return { kind: "foreign", isName };
  }
}

function valuesOf(taker: Argument | Option): Expectation {
  const { argChoices } = taker;
  if (argChoices !== undefined) {
    return { kind: "words", candidates: argChoices.map((word) => ({ word, description: "" })) };
  }
  if (!("flags" in taker)) return { kind: "value", name: taker.name() };
  const name = /[<[]([^>\].]+)/.exec(taker.flags)?.[1];
  return name === undefined ? nothing : { kind: "value", name };
}

function nameOf(option: Option): string {
  return option.long?.slice(2) ?? option.short ?? "";
}
