import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { OwnProcess } from "../own-process.ts";
import type { ServerProcess } from "../system.ts";
import { inspectorIn, liveBytesOf } from "./live-memory.ts";

/** A member of a cluster that is started for a comparison. */
export interface Member {
  readonly name: string;
  readonly address: string;
}

/** Longest wait for the inspector of a server to open. */
const inspectorMsMax = 10_000;

/** Region of that cluster. */
export const region = "local";

/** One `meridian server` with the defaults: nothing is set but who it is and who the others are. */
export class MeridianServer implements ServerProcess {
  readonly name: string;
  readonly address: string;
  readonly data: string;
  readonly #program: string;
  readonly #config: string;
  readonly #log: string;
  readonly #process: OwnProcess;
  /** Where the inspector of the present process listens. */
  #inspector: string | undefined;

  constructor(program: string, directory: string, own: Member, members: readonly Member[]) {
    this.name = own.name;
    this.address = own.address;
    this.data = join(directory, own.name);
    this.#program = program;
    this.#config = join(directory, `${own.name}.yaml`);
    this.#log = join(directory, `${own.name}.log`);
    this.#process = new OwnProcess(this.#log);
    writeFileSync(this.#config, configOf(own, members, this.data));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  start(): void {
    // Any free port, for the inspector, should `liveBytes` open it.
    const args = ["--inspect-port=0", this.#program, "server", "--config", this.#config];
    // With a channel to this process the server ends with it, however that is killed; and leaves it
    // to this process what to do about the Ctrl-C of a terminal, which reaches all of them.
    this.#process.start({ program: process.execPath, args, hasChannel: true });
    this.#inspector = undefined;
  }

  async liveBytes(): Promise<number> {
    const said = readFileSync(this.#log, "utf8").length;
    const untilMs = performance.now() + inspectorMsMax;
    for (;;) {
      // Once it is open, it stays so, and says nothing to further signals.
      this.#process.signal("SIGUSR1");
      const output = readFileSync(this.#log, "utf8");
      this.#inspector = inspectorIn(output.slice(said)) ?? this.#inspector;
      if (this.#inspector !== undefined) return await liveBytesOf(this.#inspector);
      if (performance.now() > untilMs) throw new Error(`${this.name} opens no inspector`);
      await sleep(50);
    }
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}

/** YAML of a configuration; JSON is YAML. */
function configOf(own: Member, members: readonly Member[], data: string): string {
  const cluster = members.map(({ name, address }) => {
    return { node: name, region, role: "regional-voter", address };
  });
  const node = { node: own.name, region, role: "regional-voter", listen: own.address };
  const config = { ...node, data, cluster, regions: { [region]: cluster } };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
