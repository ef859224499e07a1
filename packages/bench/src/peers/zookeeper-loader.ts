import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { LoadEvents, LoadResult, Workload } from "../workload.ts";
import { zookeeperClassPath, java, javac } from "./zookeeper-programs.ts";

/** Sources are published with the package, and lie as deep as what is built of them. */
const source = fileURLToPath(new URL("../../src/peers/zookeeper-load.java", import.meta.url));
const program = "ZookeeperLoad";

/** The last of its complaints explain its end. */
const keptLines = 20;

const options = [
  // Short pauses, and no threads beside those of the clients.
  "-XX:+UseSerialGC",
  "-Xms512m",
  "-Xmx1g",
  "-Xmn256m",
  // Every session has two threads.
  "-Xss256k",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
];

/**
 * The process that makes load with ZooKeeper's own client. It stays for many workloads, since a
 * virtual machine that just began is slow, and takes from the servers what it compiles with.
 */
export class ZookeeperLoader implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #complaints: string[] = [];
  #onMessage: (message: LoaderMessage) => void = () => {};
  readonly #onExit = (): void => void this.#child.kill("SIGKILL");

  private constructor(classes: string) {
    const args = [...options, "-cp", `${classes}:${zookeeperClassPath}`, program];
    this.#child = spawn(java, args, { stdio: ["pipe", "pipe", "pipe"] });
    process.once("exit", this.#onExit);
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null) throw new Error("it has no pipes");
    // Its end is told of below, with what it said.
    stdin.on("error", () => {});
    createInterface({ input: stderr }).on("line", (line) => {
      this.#complaints.push(line);
      if (this.#complaints.length > keptLines) this.#complaints.shift();
    });
    createInterface({ input: stdout }).on("line", (line) => {
      this.#onMessage(JSON.parse(line) as LoaderMessage);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", () => resolve());
      this.#child.once("close", () => resolve());
    });
  }

  /** Compiles the program into a directory that exists, and starts it. */
  static async start(classes: string): Promise<ZookeeperLoader> {
    await promisify(execFile)(javac, ["-d", classes, "-cp", zookeeperClassPath, source]);
    return new ZookeeperLoader(classes);
  }

  /** Whether it can take another workload. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Runs a workload, one at a time; an aborted signal ends all of it. */
  async run(workload: Workload, ground: LoadGround, events: LoadEvents): Promise<LoadResult> {
    const { signal, onMeasuring } = events;
    signal.throwIfAborted();
    const kill = (): void => void this.#child.kill("SIGKILL");
    signal.addEventListener("abort", kill, { once: true });
    try {
      const answered = new Promise<LoadResult>((resolve, reject) => {
        this.#onMessage = (message) => {
          if (message.event === "measuring") onMeasuring?.();
          if (message.event === "result") resolve(message);
          if (message.event === "failed") reject(new Error(`the load failed: ${message.message}`));
        };
      });
      this.#child.stdin?.write(`${taskOf(workload, ground)}\n`);
      return await Promise.race([answered, this.#lost(signal)]);
    } finally {
      signal.removeEventListener("abort", kill);
      this.#onMessage = () => {};
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
    process.off("exit", this.#onExit);
  }

  async #lost(signal: AbortSignal): Promise<never> {
    await this.#ended;
    signal.throwIfAborted();
    throw new Error(["the loader has ended", ...this.#complaints].join("\n"));
  }
}

type LoaderMessage =
  | { readonly event: "measuring" }
  | ({ readonly event: "result" } & LoadResult)
  | { readonly event: "failed"; readonly message: string };

/** Where a workload is to be done. */
export interface LoadGround {
  /** host:port, the first connection's first. */
  readonly servers: readonly string[];
  /** Path of the parent of all keys. */
  readonly parent: string;
}

/** A workload as the program reads it. */
export function taskOf(workload: Workload, { servers, parent }: LoadGround): string {
  return Object.entries({ ...workload, servers: servers.join(","), parent })
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
