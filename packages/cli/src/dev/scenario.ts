import { setTimeout as sleep } from "node:timers/promises";

import { nearest } from "../config/nearest.ts";
import { usageError } from "../failure/command-error.ts";
import type { Platform } from "./platform.ts";

/**
 * Faults that a platform makes by itself once it is ready, for demonstrations: steps with pauses
 * before them.
 */
export interface Scenario {
  readonly steps: readonly {
    readonly afterMs: number;
    act(platform: Platform): Promise<void> | void;
  }[];
}

const pauseMs = 20_000;

const scenarios: Readonly<Record<string, Scenario>> = {
  /** A region is cut off and comes back. */
  partition: {
    steps: [
      { afterMs: pauseMs, act: (platform) => platform.partition("apac", undefined, false) },
      { afterMs: pauseMs, act: (platform) => platform.heal("apac") },
    ],
  },
  /** The region of the global primary dies and comes back. */
  "primary-loss": {
    steps: [
      { afterMs: pauseMs, act: (platform) => platform.kill("us-east") },
      { afterMs: 2 * pauseMs, act: (platform) => platform.restart("us-east") },
    ],
  },
  /** The paths between two continents become slow, then normal. */
  "slow-atlantic": {
    steps: [
      { afterMs: pauseMs, act: (platform) => platform.delay("eu-central", "us-east", 200) },
      { afterMs: 0, act: (platform) => platform.delay("eu-west", "us-east", 200) },
      { afterMs: 2 * pauseMs, act: (platform) => platform.heal(undefined) },
    ],
  },
};

/** The scenario of a name. @throws {CommandError} usage, naming those that exist. */
export function scenarioOf(name: string): Scenario {
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (scenario !== undefined) return scenario;
  const names = Object.keys(scenarios);
  const guess = nearest(name, names);
  const tail = guess === undefined ? `there are ${names.join(", ")}` : `did you mean ${guess}?`;
  throw usageError(`no scenario is named ${name}; ${tail}`);
}

/**
 * Runs the steps once. A platform that stops meanwhile ends the process, and with it the scenario.
 */
export async function runScenario({ steps }: Scenario, platform: Platform): Promise<void> {
  for (const step of steps) {
    await sleep(step.afterMs, undefined, { ref: false });
    await step.act(platform);
  }
}
