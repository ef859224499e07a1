import { fileURLToPath } from "node:url";

import { usageError } from "../failure/command-error.ts";
import { failureOf } from "../failure/report.ts";
import { roundTripTimesOf } from "../wan/table.ts";
import { regions, type Profile } from "./picture.ts";
import { controlOf } from "./control.ts";
import { Platform } from "./platform.ts";
import { jsonPresenter, linePresenter, ScreenPresenter, type Presenter } from "./presenter.ts";
import { runScenario, scenarioOf } from "./scenario.ts";

/** Options of `meridian dev`. */
export interface DevOptions {
  readonly data: string;
  readonly wan: string;
  readonly headless?: true;
  readonly basePort: number;
  readonly profile: Profile;
  readonly scenario?: string;
}

/** The program that the processes of the platform run. */
const program = fileURLToPath(new URL("../../bin/meridian.js", import.meta.url));

/**
 * `meridian dev`: runs a local platform until it is told to stop. Resolves when nothing of it is
 * left.
 */
export async function dev(options: DevOptions): Promise<void> {
  const { data, wan: wanMode, basePort, profile } = options;
  const times = roundTripTimesOf(wanMode, regions);
  const scenario = options.scenario === undefined ? undefined : scenarioOf(options.scenario);
  if (basePort + 400 > 65_535)
    throw usageError("--base-port leaves no room for the ports above it");
  const presenter = presenterFor(options);
  const { openChannel, serve } = await import("@meridian/transport");
  const platform = new Platform({
    data,
    profile,
    basePort,
    wanMode,
    times,
    program,
    openChannel,
    serveControl: (listen, it) => serve({ listen, platform: controlOf(it) }),
    onEvent: (event) => presenter.show(event),
  });
  const stopped = new Promise<void>((resolve, reject) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => void platform.stop(signal).then(resolve, reject));
    }
  });
  try {
    await platform.start();
    presenter.follow(platform);
    if (scenario !== undefined) await Promise.race([runScenario(scenario, platform), stopped]);
    await stopped;
  } catch (error) {
    const { code, message } = failureOf(error);
    presenter.show({ event: "failed", code, message });
    throw error;
  } finally {
    presenter.close();
    await platform.stop("failure");
  }
}

function presenterFor({ headless }: DevOptions): Presenter {
  if (headless === true) return jsonPresenter();
  return process.stdout.isTTY ? new ScreenPresenter() : linePresenter();
}
