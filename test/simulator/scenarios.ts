import type { Scenario } from "./scenario.ts";

/** All scenarios, loaded when they are asked for. The first is the default. */
export const scenarios: ReadonlyMap<string, () => Promise<Scenario>> = new Map([
  ["core", async () => (await import("./core/core.ts")).core],
  ["hierarchy", async () => (await import("./hierarchy/hierarchy.ts")).hierarchy],
  ["platform", async () => (await import("./platform/platform.ts")).platform],
  ["recipes", async () => (await import("./recipes/recipes.ts")).recipes],
  ["scripts", async () => (await import("./scripts.ts")).scripts],
]);

/** Name of the scenario that runs unless another is named. */
export const defaultScenario = "core";
