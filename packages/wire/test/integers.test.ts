import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Forward, SetData, Unwatch, WireError } from "../src/index.ts";

/** The bytes of `Unwatch { watch }` for any 64-bit value. */
function unwatch(watch: bigint): Buffer {
  const bytes = [8];
  let rest = watch;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

describe("64-bit integers", () => {
  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1])(
    "%d goes through as a number",
    (watch) => {
      expect(Unwatch.encode({ watch })).toEqual(unwatch(BigInt(watch)));
      expect(Unwatch.decode(unwatch(BigInt(watch)))).toEqual({ watch });
    },
  );

  test("every safe integer goes through", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (watch) => {
        expect(Unwatch.decode(Unwatch.encode({ watch }))).toEqual({ watch });
      }),
    );
  });

  test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 1n])(
    "%d is refused: no number holds it and its neighbours",
    (watch) => {
      expect(() => Unwatch.decode(unwatch(watch))).toThrow(WireError);
      expect(() => Unwatch.decode(unwatch(watch))).toThrow(/BAD_INTEGER/u);
    },
  );

  test("longer than ten bytes is refused", () => {
    const endless = Buffer.from([8, ...Array.from({ length: 11 }, () => 0x80), 0]);
    expect(() => Unwatch.decode(endless)).toThrow(/MALFORMED/u);
  });

  test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    "%d is refused by the encoder",
    (watch) => {
      expect(() => Unwatch.encode({ watch })).toThrow(/BAD_INTEGER/u);
    },
  );

  test("versions are 32 bits with a sign", () => {
    for (const version of [-1, 0, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(SetData.decode(SetData.encode({ version })).version).toBe(version);
    }
    expect(() => SetData.encode({ version: 2 ** 31 })).toThrow(/BAD_INTEGER/u);
    expect(() => SetData.encode({ version: 1.5 })).toThrow(/BAD_INTEGER/u);
  });

  test("a message holds data of a megabyte", () => {
    const commands = [Buffer.alloc(1 << 20, 7), Buffer.alloc(0), Buffer.from("x")];
    const decoded = Forward.decode(Forward.encode({ epoch: 1, number: 2, commands }));
    expect(decoded.commands.map((command) => command.byteLength)).toEqual([1 << 20, 0, 1]);
    expect(Buffer.compare(decoded.commands[0] as Buffer, commands[0] as Buffer)).toBe(0);
  });
});
