/** The comparison finds what differs: shown with transcripts that were falsified on purpose. */
import { beforeAll, describe, expect, test } from "vitest";

import { compare, differencesOf, type Verdict } from "./comparison.ts";
import { MeridianSide } from "./meridian-side.ts";
import { answerMutations, orderMutations } from "./mutations.ts";
import type { Request } from "./operation.ts";
import type { Transcript } from "./outcome.ts";
import { emulatedCluster } from "./regional-clusters.ts";
import { scriptOf } from "./script.ts";

const script = scriptOf({ seed: 5, operations: 800, abandons: 1 });
let transcript: Transcript;
const all = differencesOf("client");

// Both sides are the same transcript, so that nothing differs but what is changed.
beforeAll(async () => {
  await using side = await MeridianSide.connect(await emulatedCluster(5), "script");
  for (const step of script) await side.perform(step);
  transcript = side.transcript;
});

test("what is the same is not reported", () => {
  expect(verdictOn(transcript).mismatches).toEqual([]);
});

describe("what differs is reported", () => {
  const mutations = Object.entries({ ...answerMutations, ...orderMutations });
  test.each(mutations)("%s", (_name, mutate) => {
    const changed = [0.1, 0.4, 0.7].flatMap((share) => mutate(transcript, share) ?? []);
    expect(changed.length).toBeGreaterThan(0);
    for (const one of changed) expect(verdictOn(one).mismatches.length).toBeGreaterThan(0);
  });
});

describe("a documented difference excuses nothing but itself", () => {
  const create = { kind: "create", mode: "ttl", path: "/a", data: "", ttlMs: 5 } as const;
  const multi = { kind: "multi", parts: [create, { ...create, mode: "persistent" }] } as const;
  const get = { kind: "get", path: "/a", watch: false } as const;
  const nearMisses: Readonly<Record<string, Parameters<typeof excuse>>> = {
    "characters of paths": [{ ...get, path: "/ä" }, "code", "BAD_PATH", "NO_NODE"],
    "bounds of paths": [{ ...get, path: `/${"n".repeat(255)}` }, "code", "NO_NODE", "BAD_PATH"],
    "size of data": [{ ...create, data: "x".repeat(2 ** 20) }, "code", "", "TOO_LARGE"],
    "bytes of a multi": [multi, "code", "NO_NODE", "TOO_LARGE"],
    "largest time to live": [{ ...create, ttlMs: 2 ** 39 }, "code", "BAD_ARGUMENTS", "NO_NODE"],
    "size of a multi": [multi, "code", "", "TOO_LARGE"],
    "bad path in a multi": [get, "code", "BAD_ARGUMENTS", "BAD_PATH"],
    "parts behind the one that failed": [multi, "parts.0.code", "RUNTIMEINCONSISTENCY", ""],
    "Stat of the parts of a multi": [multi, "parts.0.stat", false, true],
    "multi of nothing, in the client": [multi, "code", "", "BAD_ARGUMENTS"],
    "versions below -1, in the client": [
      { kind: "delete", path: "/a", version: -1 },
      "code",
      "NO_NODE",
      "BAD_ARGUMENTS",
    ],
    "end of a watch that has ended": [get, "code", "NOWATCHER", ""],
  };
  test.each(all)("$name", ({ name }) => {
    const nearMiss = nearMisses[name];
    if (nearMiss === undefined) throw new Error(`${name} has no near miss`);
    expect(excuse(...nearMiss)).toBeUndefined();
  });
});

function verdictOn(changed: Transcript): Verdict {
  return compare(script, changed, transcript);
}

/** The difference that explains a finding, if any. */
function excuse(
  request: Request,
  field: string,
  zookeeper: unknown,
  meridian: unknown,
): string | undefined {
  const finding = { operation: { ...request, id: 1 }, field, zookeeper, meridian };
  return all.find((difference) => difference.explains(finding))?.name;
}
