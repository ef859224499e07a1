import { MeridianError } from "@meridian/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PositionMap } from "../src/position.ts";
import { decodeStreamToken, decodeToken, encodeStreamToken, encodeToken } from "../src/token.ts";

const position = fc.record({
  cluster: fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
  incarnation: fc.maxSafeNat(),
  index: fc.maxSafeNat(),
});

test("a token comes back as it was encoded", () => {
  fc.assert(
    fc.property(fc.uniqueArray(position, { selector: (each) => each.cluster }), (positions) => {
      const sorted = positions.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1));
      expect(decodeToken(encodeToken(positions))).toEqual(sorted);
    }),
  );
});

test("a string that is no token is refused, and never half read", () => {
  fc.assert(
    fc.property(fc.base64String({ maxLength: 40 }), (text) => {
      expect(tokenFault(text.replaceAll("=", ""))).toMatch(/^(none|BAD_ARGUMENTS)$/);
    }),
  );
  for (const text of ["A", "AQ==", "Ag", "not a token", "AQVnbG9i"]) {
    expect(tokenFault(text)).toBe("BAD_ARGUMENTS");
  }
});

/** Why a text is no token; "none" when it is one, of safe integers. */
function tokenFault(text: string): string {
  try {
    const positions = decodeToken(text);
    return positions.every(({ index }) => Number.isSafeInteger(index)) ? "none" : "unsafe";
  } catch (error) {
    return error instanceof MeridianError ? error.code : String(error);
  }
}

test("a token is url-safe and short", () => {
  const token = encodeToken([{ cluster: "global", incarnation: 1, index: 123_456 }]);
  expect(token).toMatch(/^[\w-]+$/);
  expect(token.length).toBeLessThan(20);
});

test("positions only move forward, and to a newer incarnation whatever its index", () => {
  const move = fc.record({ incarnation: fc.nat(3), index: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(move), (moves) => {
      const map = new PositionMap();
      let scale = -1;
      for (const { incarnation, index } of moves) {
        map.add("global", incarnation, index);
        const now = map.get("global");
        const next = (now?.incarnation ?? 0) * 1_000 + (now?.index ?? 0);
        expect(next).toBeGreaterThanOrEqual(scale);
        scale = next;
      }
    }),
  );
});

test("only what a stream has not shown is asked for", () => {
  const token = new PositionMap();
  token.add("global", 1, 7);
  token.add("apac", 1, 3);
  const shown = new PositionMap();
  expect(token.missing(["global"], shown)).toEqual([
    { cluster: "global", incarnation: 1, index: 7 },
  ]);
  shown.add("global", 1, 7);
  expect(token.missing(["global"], shown)).toEqual([]);
  shown.add("global", 2, 9);
  expect(token.missing(["global"], shown)).toHaveLength(1);
  expect(token.missing(["eu-west"], shown)).toEqual([]);
});

test("the token of a stream keeps its order, and is a causal token as well", () => {
  const positions = [
    { cluster: "us-west", incarnation: 1, index: 7 },
    { cluster: "apac", incarnation: 2, index: 3 },
  ];
  const token = encodeStreamToken(positions);
  expect(decodeStreamToken(token)).toEqual({ positions, cluster: "us-west" });
  expect(decodeToken(token)).toEqual(positions.toReversed());
  expect(decodeStreamToken(encodeToken(positions)).cluster).toBeUndefined();
});
