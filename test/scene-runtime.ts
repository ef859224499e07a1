import type { Runtime } from "@meridian/client";
import type { Scene } from "@meridian/replica/harness";

/** What a client runs on within a scene: its virtual time and its chance. */
export function runtimeOf({ clock, random }: Scene): Runtime {
  return {
    nowMs: () => clock.nowMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    defer: (callback) => void clock.after(0, callback),
    random,
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
  };
}
