import { z } from "zod";

import { readDocument } from "../config/document.ts";
import { ConfigError } from "../config/problem.ts";
import { readText } from "../config/text.ts";
import { measuredRoundTripTimes, type RoundTripTimes } from "./round-trip-times.ts";

const schema: z.ZodType<RoundTripTimes> = z.strictObject({
  source: z.string().min(1),
  roundTripMs: z.record(z.string(), z.record(z.string(), z.number().min(0).max(60_000))),
});

/** All round trips take no time: the network is there, for faults, but does not delay. */
const noDelay = "none: the regions are as near as processes on one machine";

/**
 * What `--wan` means: `real` is the built-in table, `none` has no delay, anything else is a YAML
 * file with `source` and `roundTripMs`.
 * @throws {ConfigError} when the file is not a table, or lacks a pair of the regions.
 */
export function roundTripTimesOf(option: string, regions: readonly string[]): RoundTripTimes {
  if (option === "real") return measuredRoundTripTimes;
  if (option === "none") return { source: noDelay, roundTripMs: allPairs(regions) };
  const text = readText(option, "; --wan is real, none or a file");
  const times = readDocument(option, text, schema);
  const missing = regions.flatMap((a, index) =>
    regions
      .slice(index + 1)
      .filter((b) => (times.roundTripMs[a]?.[b] ?? times.roundTripMs[b]?.[a]) === undefined)
      .map((b) => `${a} and ${b}`),
  );
  if (missing.length > 0) {
    const message = `lacks the round trip between ${missing.join(", ")}`;
    throw new ConfigError(option, [{ line: 1, column: 1, path: "roundTripMs", message }]);
  }
  return times;
}

function allPairs(regions: readonly string[]): RoundTripTimes["roundTripMs"] {
  return Object.fromEntries(
    regions.map((a) => [a, Object.fromEntries(regions.map((b) => [b, 0]))]),
  );
}
