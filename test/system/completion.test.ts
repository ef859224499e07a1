/** Completion in real shells on a terminal of their own, as a person types: word, Tab, look. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test, type TestContext } from "vitest";

import { Cluster } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { cleanEnvironment, meridianOk, program } from "./support/program.ts";
import { Scratch } from "./support/scratch.ts";

/** Gives a program a terminal of its own; part of util-linux. */
const terminal = "script";
const topology = `
nodes:
  - { name: g1, region: us-east, role: global-voter, group: primary, address: "127.0.0.1:1" }
  - { name: w1, region: us-west, role: regional-voter, address: "127.0.0.1:2" }
`;

/** What is typed before Tab, and what stands there after it: what scripts do each in their way. */
const differing: readonly (readonly [string, string])[] = [
  ["meridian chaos par", "meridian chaos partition "],
  ["meridian get /a --consistency=ev", "meridian get /a --consistency=eventual "],
  ["meridian status --topology t.y", "meridian status --topology t.yaml "],
  ["meridian get /regions/local/fl", "meridian get /regions/local/flags"],
  ["meridian get /regions/local/two", "meridian get /regions/local/two\\ words "],
  ["meridian lock /a -- printen", "meridian lock /a -- printenv "],
];
/** Likewise, what the program does for all of them. */
const alike: readonly (readonly [string, string])[] = [
  ["meridian ele", "meridian elect "],
  ["meridian get /a --consistency ev", "meridian get /a --consistency eventual "],
  ["meridian chaos kill --topology t.yaml us-e", "meridian chaos kill --topology t.yaml us-east "],
  ["meridian get /regions/local/flags/d", "meridian get /regions/local/flags/dark-mode "],
  ["meridian get --endpoints 127.0.0.1:9 /reg", "meridian get --endpoints 127.0.0.1:9 /reg"],
];

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("completion");
  cluster = await Cluster.start(scratch, 1);
  const client = await cluster.client();
  await client.create("/regions/local/flags/dark-mode", "on", { parents: true });
  await client.create("/regions/local/two words", "");
  const bin = join(scratch.path, "bin");
  mkdirSync(bin);
  const command = join(bin, "meridian");
  writeFileSync(command, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(join(scratch.path, "t.yaml"), topology);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test("bash completes commands, options, values, names and paths", async (context) => {
  const setup = ['bind -x \'"\\C-g": echo "LINE=[$READLINE_LINE]"\'', "PS1="];
  await expectCompletion(context, "bash", ["bash", "--norc", "--noprofile", "-i"], setup, [
    ...differing,
    ...alike,
  ]);
});

test("zsh completes commands, options, values, names and paths", async (context) => {
  const setup = [
    "autoload -Uz compinit && compinit -u -D",
    'show() { print -r -- "LINE=[$BUFFER]" }; zle -N show; bindkey "^G" show',
    'bindkey "^U" kill-whole-line',
    "PROMPT=; RPROMPT=; unsetopt zle_bracketed_paste promptsp",
  ];
  await expectCompletion(context, "zsh", ["zsh", "-f", "-i"], setup, differing);
});

test("fish completes commands, options, values, names and paths", async (context) => {
  const setup = ['bind \\cg \'echo "LINE=["(commandline)"]"\'', "bind \\cu 'commandline \"\"'"];
  await expectCompletion(context, "fish", ["fish", "--no-config", "-i"], setup, differing);
});

/** Sources the script of a shell, and types everything. */
async function expectCompletion(
  context: TestContext,
  name: string,
  command: readonly string[],
  setup: readonly string[],
  typed: readonly (readonly [string, string])[],
): Promise<void> {
  const script = join(scratch.path, `script.${name}`);
  writeFileSync(script, await meridianOk(["completion", name]));
  const address = cluster.nodes[0]?.address ?? "";
  using shell = new Terminal(command, scratch.path, {
    PATH: `${join(scratch.path, "bin")}:${process.env["PATH"] ?? ""}`,
    MERIDIAN_ENDPOINTS: address,
  });
  context.skip(!(await shell.runs(name)), `needs ${name}, and script of util-linux`);
  for (const line of [...setup, `source ${script}`]) await shell.enter(line);
  for (const [before, after] of typed) {
    let found = await shell.complete(before);
    // Whoever is not answered in time on a busy machine presses Tab again.
    for (let again = 0; found !== after && again < 4; again += 1) {
      found = await shell.complete(before);
    }
    expect(found).toBe(after);
  }
}

/** A shell that believes that a person sits before it. */
class Terminal implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = "";
  #count = 0;

  constructor(command: readonly string[], home: string, environment: NodeJS.ProcessEnv) {
    this.#child = spawn(terminal, ["-qfc", command.join(" "), "/dev/null"], {
      cwd: home,
      env: { ...cleanEnvironment(), ...environment, HOME: home, TERM: "dumb", LC_ALL: "C.UTF-8" },
      detached: true,
    });
    this.#child.on("error", () => {});
    this.#child.stdin.on("error", () => {});
    this.#child.stdout.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  /** It is there, and takes commands. */
  async runs(name: string): Promise<boolean> {
    const closed = new Promise<boolean>((resolve) => {
      this.#child.once("error", () => resolve(false));
      this.#child.once("exit", () => resolve(false));
    });
    return await Promise.race([closed, this.enter(`echo ${name}`).then(() => true)]);
  }

  /** Enters a command, and waits until it is done. */
  async enter(line: string): Promise<void> {
    this.#count += 1;
    this.#child.stdin.write(`${line}; echo do''ne-${this.#count}\n`);
    await this.#until(new RegExp(`done-${this.#count}\\r?\\n`));
  }

  /** Types a line, presses Tab, and reads what stands there then. */
  async complete(line: string): Promise<string> {
    this.#output = "";
    this.#child.stdin.write(`${line}\t\x07`);
    const [, found = ""] = await this.#until(/LINE=\[(.*)\]\r?\n/);
    this.#child.stdin.write("\x15");
    return found;
  }

  [Symbol.dispose](): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL");
  }

  async #until(pattern: RegExp): Promise<RegExpExecArray> {
    return await until(`${pattern.source} of\n${this.#output}`, 20_000, () => {
      return pattern.exec(this.#output) ?? undefined;
    });
  }
}
