/** The tour of the README, word for word: what a newcomer types has to do what the README says. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { platformOfFile } from "./support/file-platform.ts";
import { cleanEnvironment, root } from "./support/program.ts";

const platform = platformOfFile({ profile: "compact" });

/** A line of the tour, and what its comment says that it prints. */
interface Step {
  readonly section: string;
  readonly line: string;
  readonly prints: string;
}

const stepMsMax = 60_000;
let shell: Shell | undefined;

afterAll(() => shell?.kill());

test("every line of the README's tour does what it says", async () => {
  const steps = tour(readFileSync(join(root, "README.md"), "utf8"));
  expect(steps.length).toBeGreaterThan(20);
  shell = new Shell({ MERIDIAN_TOPOLOGY: join(platform().data, "topology.yaml") });
  for (const { section, line, prints } of steps) {
    const { output, code } = await shell.run(line);
    expect(output, `${section}: ${line}`).toContain(prints);
    expect(code, `${section}: ${line}\n${output}`).toBe(0);
  }
}, 300_000);

test("the worker that took over has a greater fencing token", () => {
  const text = shellOutputs.join("");
  const tokens = [...text.matchAll(/(west|asia) works with fencing token (\d+)/g)];
  const first = tokens.find(([, name]) => name === "west");
  const second = tokens.findLast(([, name]) => name === "asia");
  expect(Number(second?.[2])).toBeGreaterThan(Number(first?.[2] ?? Infinity));
});

/** Everything that any shell of this file printed, for what comes late from the background. */
const shellOutputs: string[] = [];

/** The lines of the `sh` blocks between "Five minutes" and the next chapter. */
function tour(readme: string): readonly Step[] {
  const [, chapter = ""] = /\n## Five minutes\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const steps: Step[] = [];
  for (const [, section = "", body = ""] of chapter.matchAll(/### (.*)\n([\s\S]*?)(?=\n### |$)/g)) {
    for (const [, block = ""] of body.matchAll(/```sh\n([\s\S]*?)```/g)) {
      for (const text of block.split("\n").filter((each) => each !== "")) {
        const [, line = text, prints = ""] = /^(.*?)\s+# (.*)$/.exec(text) ?? [];
        steps.push({ section, line, prints });
      }
    }
  }
  return steps;
}

/** One shell for the whole tour, as a newcomer has: what runs in the background stays there. */
class Shell {
  readonly #child: ReturnType<typeof spawn>;
  #output = "";
  #count = 0;

  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = spawn("bash", ["--noprofile", "--norc"], {
      cwd: root,
      env: { ...cleanEnvironment(), ...environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
        shellOutputs.push(chunk.toString());
      });
    }
  }

  async run(line: string): Promise<{ readonly output: string; readonly code: number }> {
    this.#count += 1;
    const mark = `--- end of line ${this.#count}:`;
    const from = this.#output.length;
    this.#child.stdin?.write(`${line}\necho "${mark} $?"\n`);
    return await until(`the end of ${line}`, stepMsMax, () => {
      const output = this.#output.slice(from);
      const code = new RegExp(`${mark} (\\d+)`).exec(output)?.[1];
      return code === undefined ? undefined : { output, code: Number(code) };
    });
  }

  /** Ends the shell and everything that it started. */
  kill(): void {
    const { pid } = this.#child;
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  }
}
