/** The client as others get it: packed, and installed in a project that has nothing else. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, type TestContext } from "vitest";

import { Cluster } from "./support/cluster.ts";
import { cleanEnvironment, root, untilEnd } from "./support/program.ts";
import { Scratch } from "./support/scratch.ts";

/** What npm says when it is the registry that is missing. */
const offline =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|ENETUNREACH)\b/;

/** An application: types are checked in it, and then it runs. */
const application = `
import { connect, MeridianError, type ChangesEvent, type Receipt } from "@meridian/client";

async function code(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
    return "none";
  } catch (error) {
    return error instanceof MeridianError ? error.code : String(error);
  }
}

const [, , endpoint = ""] = process.argv;
const meridian = await connect({ endpoints: [endpoint], region: "local" });
const path = "/regions/local/packed";
const watch = meridian.watch(path);
await watch.ready;
const { stat } = await meridian.create(path, "text");
const { text, receipt } = await meridian.get(path);
const { tier }: Receipt["servedBy"] = receipt.servedBy;
// @ts-expect-error: a path is no number
const refused = await code(meridian.get(1).catch(() => meridian.get("/regions/local/none")));
const { value: event } = await watch.next();
const lock = await meridian.lock("/regions/local/lock").acquire();
const kinds: ChangesEvent["kind"][] = [];
for await (const { kind } of meridian.changes({ from: "start", prefix: path })) {
  kinds.push(kind);
  if (kind === "snapshot-end") break;
}
await lock.release();
await meridian.close();
const { version } = stat;
console.log(JSON.stringify({ version, text, tier, refused, event: event?.kind, kinds }));
`;

/** Both ways in which compilers look for packages. */
const resolutions = {
  nodenext: { module: "nodenext" },
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface PackedFile {
  readonly path: string;
}

let scratch: Scratch;
let files: readonly string[] = [];
let install: Ended;
const project = (): string => join(scratch.path, "project");

beforeAll(async () => {
  scratch = new Scratch("packed");
  const into = ["--pack-destination", scratch.path, "--json"];
  const packed = await run("npm", ["pack", ...into], join(root, "packages/client"));
  if (packed.code !== 0) throw new Error(`npm pack: ${packed.output}`);
  files = packedFiles(packed.output).map(({ path }) => path);
  mkdirSync(project());
  const manifest = { name: "application", private: true, type: "module" };
  writeFileSync(join(project(), "package.json"), JSON.stringify(manifest));
  writeFileSync(join(project(), "main.ts"), application);
  const [tarball = ""] = readdirSync(scratch.path).filter((name) => name.endsWith(".tgz"));
  const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  const briefly = ["--fetch-retries=1", "--fetch-timeout=20000"];
  install = await run("npm", ["install", ...quietly, ...briefly, `../${tarball}`], project());
});

afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
});

test("what is packed is what runs, its types and its sources, and all that they name", () => {
  for (const name of ["README.md", "LICENSE", "package.json", "dist/index.js", "dist/index.d.ts"]) {
    expect(files).toContain(name);
  }
  expect(files.filter((path) => /(^|\/)test\/|\.test\.|tsbuildinfo/.test(path))).toEqual([]);
  const packed = new Set(files);
  const maps = files.filter((path) => path.endsWith(".js.map"));
  expect(maps.length).toBeGreaterThan(50);
  const directory = join(root, "packages/client");
  const missing = maps.flatMap((path) => {
    const map = JSON.parse(readFileSync(join(directory, path), "utf8")) as { sources: string[] };
    return map.sources
      .map((source) => join(dirname(path), source))
      .filter((each) => !packed.has(each));
  });
  expect(missing).toEqual([]);
});

test.for(Object.entries(resolutions))(
  "in an empty project its types hold, with the resolution %s",
  async ([name, options], context) => {
    skipOffline(context);
    const strict = { strict: true, skipLibCheck: false, target: "es2022", outDir: "." };
    const config = { compilerOptions: { ...strict, ...options }, files: ["main.ts"] };
    writeFileSync(join(project(), `${name}.json`), JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const checked = await run(process.execPath, [compiler, "-p", `${name}.json`], project());
    expect(checked).toEqual({ code: 0, output: "" });
  },
);

test("in an empty project it runs against a cluster", async (context) => {
  skipOffline(context);
  await using cluster = await Cluster.start(scratch, 1);
  const endpoint = cluster.nodes[0]?.address ?? "";
  const { code, output } = await run(process.execPath, ["main.js", endpoint], project());
  expect(code, `main.js: ${output}`).toBe(0);
  expect(JSON.parse(output)).toEqual({
    version: 0,
    text: "text",
    tier: "regional",
    refused: "NO_NODE",
    event: "created",
    kinds: ["snapshot", "snapshot-part", "snapshot-end"],
  });
});

/** The packages of others come from a registry; whatever else fails is ours. */
function skipOffline(context: TestContext): void {
  const isOffline = install.code !== 0 && offline.test(install.output);
  context.skip(isOffline, "needs a registry, for the packages of others");
  expect(install.code, `npm install: ${install.output}`).toBe(0);
}

/** npm 11 gives a list, later ones an object by package. */
function packedFiles(output: string): readonly PackedFile[] {
  const report = JSON.parse(output.slice(output.search(/^[[{]/m))) as Record<string, unknown>;
  const [first] = Object.values(report) as { readonly files: readonly PackedFile[] }[];
  return first?.files ?? [];
}

/** Runs a command to its end. */
async function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const child = spawn(command, args, {
    cwd,
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, stdout, stderr } = await untilEnd(child);
  return { code, output: code === 0 ? stdout : `${stdout}${stderr}` };
}
