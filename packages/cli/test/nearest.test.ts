import { expect, test } from "vitest";

import { nearest } from "../src/config/nearest.ts";

test("a mistyped word finds the word it was meant to be", () => {
  const words = ["region", "role", "listen", "cluster"];
  expect(nearest("regoin", words)).toBe("region");
  expect(nearest("Listen", words)).toBe("listen");
  expect(nearest("rol", words)).toBe("role");
  expect(nearest("clusters", words)).toBe("cluster");
});

test("a word that resembles none finds none", () => {
  expect(nearest("xyzzy", ["region", "role"])).toBeUndefined();
  expect(nearest("a", [])).toBeUndefined();
});
