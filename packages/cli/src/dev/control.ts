import type { PlatformHandlers } from "@meridian/transport";
import { MeridianError, type IInspectResponse } from "@meridian/wire";

import { CommandError } from "../failure/command-error.ts";
import type { Platform } from "./platform.ts";

/** The service LocalPlatform over a platform. */
export function controlOf(platform: Platform): PlatformHandlers {
  const after = async (work: () => Promise<void> | void): Promise<IInspectResponse> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof CommandError) throw new MeridianError("BAD_ARGUMENTS", error.message);
      throw error;
    }
    return platform.inspect();
  };
  return {
    inspect: () => platform.inspect(),
    kill: ({ target }) => after(() => platform.kill(target)),
    restart: ({ target }) => after(() => platform.restart(target)),
    partition: ({ region, from, oneWay }) =>
      after(() => platform.partition(region, from === "" ? undefined : from, oneWay)),
    heal: ({ region }) => after(() => platform.heal(region === "" ? undefined : region)),
    delay: ({ region, to, delayMs }) =>
      after(() => platform.delay(region, to === "" ? undefined : to, delayMs)),
  };
}
