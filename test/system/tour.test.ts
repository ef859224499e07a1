/** The tour of the README, word for word: what a newcomer types has to do what the README says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { platformOfFile } from "./support/file-platform.ts";
import { root } from "./support/program.ts";
import { type LineEnd, Shell } from "./support/shell.ts";

const platform = platformOfFile({ profile: "compact" });

const busyFactor = 3;

/** A line of the tour, and what its comment says that it prints. */
interface Step {
  readonly section: string;
  readonly line: string;
  readonly prints: string;
}

let shell: Shell | undefined;

afterAll(() => shell?.[Symbol.dispose]());

test("every line of the README's tour does what it says", async () => {
  const steps = tour(readFileSync(join(root, "README.md"), "utf8"));
  expect(steps.length).toBeGreaterThan(20);
  shell = new Shell(root, { MERIDIAN_TOPOLOGY: join(platform().data, "topology.yaml") });
  for (const { section, line, prints } of steps) {
    const { output, code } = await typed(shell, line, prints);
    expect(output, `${section}: ${line}`).toContain(prints);
    expect(code, `${section}: ${line}\n${output}`).toBe(0);
  }
}, 300_000);

test("the worker that took over has a greater fencing token", () => {
  const text = shell?.output ?? "";
  const tokens = [...text.matchAll(/(west|asia) works with fencing token (\d+)/g)];
  const first = tokens.find(([, name]) => name === "west");
  const second = tokens.findLast(([, name]) => name === "asia");
  expect(Number(second?.[2])).toBeGreaterThan(Number(first?.[2] ?? Infinity));
});

/**
 * Types a line. One that sleeps until something is there is over as soon as it is: what stands
 * behind the pause is typed again and again. A busy machine gets more time than the README says.
 */
async function typed(at: Shell, line: string, prints: string): Promise<LineEnd> {
  const [, seconds = "", rest] = /^sleep (\d+)(?:; (.*))?$/.exec(line) ?? [];
  if (seconds === "" || prints === "") return await at.run(line);
  const from = at.output.length;
  return await until(`"${prints}" from ${line}`, busyFactor * Number(seconds) * 1_000, async () => {
    const end =
      rest === undefined ? { output: at.output.slice(from), code: 0 } : await at.run(rest);
    return end.output.includes(prints) ? end : undefined;
  });
}

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
