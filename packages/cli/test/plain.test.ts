/** What programs write is read without the library for YAML, as it would be read with it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";

import { parseNodeConfig } from "../src/config/node-config.ts";
import { plainText, plainValue } from "../src/config/plain.ts";
import { PlatformDirectory } from "../src/dev/directory.ts";
import { ConfigWriter, type PlacedNode } from "../src/dev/layout.ts";
import { plannedNodes } from "../src/dev/picture.ts";
import { measuredRoundTripTimes } from "../src/wan/round-trip-times.ts";

/** Keys and texts with all that could be taken for the end of a string, or for a key. */
const text = fc
  .array(fc.constantFrom("a", " ", "\\", '"', ":", ",", "{", "}", "[", "#", "\n", "\t", "é"))
  .map((letters) => letters.join(""));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(text, tie("any"), { maxKeys: 3 }),
  ),
})).any;

test("a value comes back as it was written, and is the same as YAML", () => {
  fc.assert(
    fc.property(fc.dictionary(text, value, { maxKeys: 4 }), (written) => {
      const file = plainText(written, "two\nlines");
      expect(plainValue(file)).toEqual(written);
      expect(parse(file)).toEqual(written);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("every configuration of the local platform is read so", () => {
  const placed = plannedNodes().map((node, index): PlacedNode => {
    return { ...node, process: "any", address: `127.0.0.1:${7401 + index}`, addressFrom: {} };
  });
  const writer = new ConfigWriter(placed, measuredRoundTripTimes, new PlatformDirectory("/data"));
  for (const node of placed) {
    const config = writer.textOf(node);
    expect(plainValue(config)).toMatchObject({ node: node.name });
    expect(plainValue(config)).toEqual(parse(config));
  }
});

test("a key that stands twice is refused at its line, and so is one that nobody knows", () => {
  const config = (more: string): string => `{
  "node": "edge-1", "region": "us", "role": "edge", "listen": "127.0.0.1:1",
  "regions": { "us": [] },
  ${more}
}`;
  expect(parseNodeConfig("c.yaml", config(`"log": { "level": "warn" }`)).log.level).toBe("warn");
  expect(plainValue(config(`"node": "edge-2"`))).toBeUndefined();
  expect(() => parseNodeConfig("c.yaml", config(`"node": "edge-2"`))).toThrow(/^c\.yaml:4:3: /);
  expect(() => parseNodeConfig("c.yaml", config(`"nod": 1`))).toThrow(/^c\.yaml:4:3: /);
});

test("what is no JSON object is not plain", () => {
  for (const other of ["", "# {}", "[1]", "node: a", "{ node: a }", "{", '{"a": 1} # end']) {
    expect({ other, value: plainValue(other) }).toEqual({ other, value: undefined });
  }
});
