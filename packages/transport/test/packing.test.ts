import { MeridianError } from "@meridian/wire";
import { describe, expect, test } from "vitest";
import { Packer, unpack } from "../src/packing.ts";

const text = Buffer.from("/regions/us-west/orders ".repeat(200));

/** Bytes that nothing can be saved of, the same in every run. */
function noise(bytes: number): Buffer {
  let state = 0x9e3779b9;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  return Buffer.from(Uint8Array.from({ length: bytes }, random));
}

/** What a packer makes of bytes: undefined when it does not try, or saves too little. */
function packed(packer: Packer, bytes: Buffer): Buffer | undefined {
  return packer.wants(bytes.byteLength) ? packer.pack(bytes) : undefined;
}

describe("a packer", () => {
  test("gives back what it was given", () => {
    const small = packed(new Packer({ nowMs: () => 0 }), text);
    expect(small?.byteLength).toBeLessThan(text.byteLength / 4);
    expect(unpack(small ?? text, text.byteLength)).toEqual(text);
  });

  test("leaves what is short as it is", () => {
    expect(packed(new Packer({ nowMs: () => 0 }), text.subarray(0, 1_000))).toBeUndefined();
  });

  test("tries ever more seldom while nothing is saved, at once again when something was", () => {
    const packer = new Packer({ nowMs: () => 0 });
    const tries: number[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      if (!packer.wants(2_000)) continue;
      tries.push(turn);
      expect(packer.pack(noise(2_000))).toBeUndefined();
    }
    expect(tries).toEqual([0, 2, 5, 10, 19, 36]);
    while (!packer.wants(text.byteLength));
    expect(packer.pack(text)).toBeDefined();
    expect(packer.wants(text.byteLength)).toBe(true);
  });

  test("packs no more at a time than a turn may take, and more when time has passed", () => {
    let nowMs = 0;
    const packer = new Packer({ nowMs: () => nowMs });
    const large = Buffer.alloc(300_000, text);
    const done = Array.from({ length: 10 }, () => packed(packer, large)).filter(Boolean);
    expect(done).toHaveLength(3);
    nowMs = 5;
    expect(packed(packer, large)).toBeDefined();
    expect(packed(packer, large)).toBeUndefined();
  });
});

describe("what was packed", () => {
  /** The code that it is refused with. */
  function refusal(bytes: Uint8Array, bytesMax: number): string {
    try {
      unpack(bytes, bytesMax);
    } catch (error) {
      if (error instanceof MeridianError) return error.code;
      throw error;
    }
    return "";
  }

  const small = new Packer({ nowMs: () => 0 }).pack(text) ?? text;

  test("does not grow beyond a limit", () => {
    expect(refusal(small, text.byteLength)).toBe("");
    expect(refusal(small, text.byteLength - 1)).toBe("TOO_LARGE");
    expect(refusal(small, 0)).toBe("TOO_LARGE");
  });

  test("is refused when it was cut short or changed", () => {
    expect(refusal(small.subarray(0, -1), 1 << 20)).toBe("CORRUPT");
    const changed = Buffer.from(small);
    changed[changed.byteLength - 1]! ^= 1;
    expect(refusal(changed, 1 << 20)).toBe("CORRUPT");
    expect(refusal(Buffer.from("no packing at all"), 1 << 20)).toBe("CORRUPT");
  });
});
