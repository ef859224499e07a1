import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

import { cleanEnvironment, root } from "./program.ts";
import type { ReferencePage } from "./reference-pages.ts";

/** What became of the programs of a page. */
export interface ProgramEnd {
  readonly page: string;
  /** Lines that they printed. */
  readonly output: readonly string[];
  /** Of the first that threw; undefined: none did. */
  readonly error: string | undefined;
}

/** Where the pages say that a node is; the platform of a test is elsewhere. */
export const pageEndpoint = "127.0.0.1:7411";

/**
 * The programs of all pages as modules in a folder: each page is one module, each block in braces
 * of its own. `meridian` and `other` are clients in us-west and eu-west.
 */
export class ExamplePrograms {
  readonly #folder: string;
  readonly #pages: readonly ReferencePage[];

  constructor(folder: string, pages: readonly ReferencePage[], endpoint: string) {
    this.#folder = folder;
    this.#pages = pages.filter(({ programs }) => programs.length > 0);
    mkdirSync(folder, { recursive: true });
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    this.#write("package.json", JSON.stringify({ type: "module" }));
    this.#write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    this.#write("clients.ts", clients(endpoint));
    for (const page of this.#pages) {
      const module = moduleOf(page).replaceAll(pageEndpoint, endpoint);
      this.#write(`${nameOf(page.path)}.ts`, module);
    }
    const names = this.#pages.map(({ path }) => [path, nameOf(path)]);
    this.#write("main.ts", main(names));
  }

  /** What the compiler has to say; "" when nothing is wrong. */
  async compile(): Promise<string> {
    const compiler = join(root, "node_modules/.bin/tsc");
    const child = spawn(compiler, ["-p", this.#folder], { stdio: ["ignore", "pipe", "inherit"] });
    return await text(child.stdout);
  }

  /** Runs all pages one after the other, and tells of the end of each. */
  async run(ended: (end: ProgramEnd) => void): Promise<void> {
    const args = ["--import", "tsx", join(this.#folder, "main.ts")];
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      env: cleanEnvironment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("{")) ended(JSON.parse(line) as ProgramEnd);
    }
  }

  #write(name: string, content: string): void {
    writeFileSync(join(this.#folder, name), content);
  }
}

const compilerOptions = {
  target: "ES2023",
  lib: ["ES2023", "ESNext.Disposable"],
  module: "NodeNext",
  moduleDetection: "force",
  strict: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
};

/** Imports stand in front; each block has its own names. */
function moduleOf({ programs }: ReferencePage): string {
  const imports = new Set<string>(['import { meridian, other } from "./clients.ts";\n']);
  const bodies = programs.map((program) =>
    program.replaceAll(/^import [\s\S]*?;\n/gm, (statement) => {
      imports.add(statement);
      return "";
    }),
  );
  const blocks = bodies.map((body) => `{\n${body}}\n`);
  return `${[...imports].join("")}void [meridian, other];\n${blocks.join("")}`;
}

function nameOf(path: string): string {
  return path.replace(/\.md$/, "").replaceAll("/", "-").toLowerCase();
}

function clients(endpoint: string): string {
  const endpoints = JSON.stringify([endpoint]);
  return `import { connect, type Meridian } from "@meridian/client";
export const meridian: Meridian = await connect({ region: "us-west", endpoints: ${endpoints} });
export const other: Meridian = await connect({ region: "eu-west", endpoints: ${endpoints} });
`;
}

function main(pages: readonly (readonly string[])[]): string {
  return `import { format } from "node:util";
import { meridian, other } from "./clients.ts";
const print = (value: unknown) => process.stdout.write(JSON.stringify(value) + "\\n");
for (const [page, name] of ${JSON.stringify(pages)}) {
  const output: string[] = [];
  console.log = (...args: unknown[]) => void output.push(format(...args));
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("not done within 60 s")), 60_000).unref();
  });
  try {
    await Promise.race([import(\`./\${name}.ts\`), late]);
    print({ page, output });
  } catch (error) {
    print({ page, output, error: format(error) });
  }
}
await Promise.all([meridian.close(), other.close()]);
process.exit();
`;
}
