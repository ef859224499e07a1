import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { connect } from "@meridian/client";
import { openChannel } from "@meridian/transport";

import { runLoader } from "../loader-process.ts";
import type { Place, ServerProcess, Starter, System } from "../system.ts";
import type { LoadEvents, LoadResult, Workload } from "../workload.ts";
import type { MeridianPlan } from "./plan.ts";
import { MeridianServer, region } from "./server.ts";

const voters = 3;
const untilWritableMs = 30_000;
const statusMs = 2_000;
const prefix = `/regions/${region}/bench`;

/** Starts regional clusters of three voters: `meridian server` processes, and nothing else. */
export function meridianStarter(program: string, version: string): Starter {
  return {
    name: "meridian",
    async find() {
      if (!existsSync(program)) return { installed: false, reason: `${program} is missing` };
      const notes = ["load by @meridian/client, callbacks of session()", "defaults"];
      return { installed: true, version, notes };
    },
    async start(place) {
      const system = new MeridianSystem(program, place);
      try {
        for (const server of system.servers) server.start();
        await system.untilWritable(place.signal);
        return system;
      } catch (error) {
        await system[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

class MeridianSystem implements System {
  readonly name = "meridian";
  readonly servers: readonly ServerProcess[];

  constructor(program: string, { directory, basePort }: Place) {
    const members = Array.from({ length: voters }, (_, index) => {
      return { name: `${region}-${index + 1}`, address: `127.0.0.1:${basePort + index}` };
    });
    this.servers = members.map((own) => new MeridianServer(program, directory, own, members));
  }

  async leader(): Promise<ServerProcess | undefined> {
    const states = await Promise.all(this.servers.map(({ address }) => stateOf(address)));
    return this.servers.find((_, index) => states[index] === "leader");
  }

  async untilWritable(signal: AbortSignal): Promise<void> {
    const endpoints = this.servers.map(({ address }) => address);
    await using client = await connect({
      endpoints,
      region,
      signal,
      connectDeadlineMs: untilWritableMs,
      deadlineMs: untilWritableMs,
    });
    // Just after an election the zones may not be known yet, and nobody owns the path.
    const untilMs = performance.now() + untilWritableMs;
    for (;;) {
      try {
        await client.set(`/regions/${region}`, "", { signal });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (performance.now() > untilMs) throw error;
        await sleep(50, undefined, { signal });
      }
    }
  }

  run(workload: Workload, events: LoadEvents): Promise<LoadResult> {
    const endpoints = this.servers.map(({ address }) => address);
    const plan: MeridianPlan = { endpoints, region, prefix, workload };
    const args = [loaderProgram()];
    return runLoader({ command: process.execPath, args, plan }, events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }
}

/** Program of the loader: what was built of it, also when this runs from source. */
function loaderProgram(): string {
  return fileURLToPath(new URL("../../dist/meridian/loader.js", import.meta.url));
}

async function stateOf(address: string): Promise<string | undefined> {
  const channel = openChannel(address, { connectMs: statusMs });
  try {
    return (await channel.status({ deadlineMs: statusMs })).state;
  } catch {
    return undefined;
  } finally {
    channel.close();
  }
}
