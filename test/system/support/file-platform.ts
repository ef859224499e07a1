import { afterAll, beforeAll } from "vitest";

import { Platform, type PlatformOptions } from "./platform.ts";
import { Scratch } from "./scratch.ts";

/**
 * A platform that the tests of a file share: it is started before the first one and is gone after
 * the last one, whatever came of them. Gives the function that names it within tests.
 */
export function platformOfFile(options: PlatformOptions): () => Platform {
  let scratch: Scratch | undefined;
  let platform: Platform | undefined;
  beforeAll(async () => {
    scratch = new Scratch("system");
    platform = await Platform.start(scratch, options);
  });
  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });
  return () => {
    if (platform === undefined) throw new Error("the platform did not start");
    return platform;
  };
}
