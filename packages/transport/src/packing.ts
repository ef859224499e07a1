import { deflateSync, inflateSync } from "node:zlib";
import { MeridianError } from "@meridian/wire";
import type { TransportClock } from "./clock.ts";

/** Less than that travels as it is. */
const packBytesMin = 1024;
/** What has to be saved, as a share: reading costs time too. */
const savedShareMin = 0.2;
/** After attempts in vain up to so many are not made. */
const skipsMax = 64;
/**
 * What may be packed at once, and in each millisecond afterwards: keeps a turn of the loop at a few
 * milliseconds, and the share of a core at about a fifth. What exceeds it travels as it is.
 */
const burstBytes = 1 << 20;
const bytesPerMs = 64 << 10;
/** The quickest: what there is to save is in repeated names and texts, which it finds as well. */
const level = 1;

/**
 * Deflates what crosses between regions, as long as that saves something: while what is sent does
 * not shrink, it is tried ever more seldom.
 */
export class Packer {
  readonly #clock: Pick<TransportClock, "nowMs">;
  #roomBytes = burstBytes;
  #filledAtMs: number;
  /** Attempts not to be made after the next one in vain, and now. */
  #penalty = 1;
  #skips = 0;

  constructor(clock: Pick<TransportClock, "nowMs">) {
    this.#clock = clock;
    this.#filledAtMs = clock.nowMs();
  }

  /** Whether so many bytes are worth an attempt now; counts those that were passed over. */
  wants(bytes: number): boolean {
    if (bytes < packBytesMin) return false;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return false;
    }
    const nowMs = this.#clock.nowMs();
    const filledBytes = (nowMs - this.#filledAtMs) * bytesPerMs;
    this.#roomBytes = Math.min(burstBytes, this.#roomBytes + filledBytes);
    this.#filledAtMs = nowMs;
    // One item may be larger than all the room there ever is: it takes what comes next.
    return this.#roomBytes >= Math.min(bytes, burstBytes);
  }

  /** The bytes deflated; undefined when that saves too little. To be asked only if it `wants`. */
  pack(bytes: Uint8Array): Buffer | undefined {
    this.#roomBytes -= bytes.byteLength;
    const packed = deflateSync(bytes, { level });
    if (packed.byteLength <= bytes.byteLength * (1 - savedShareMin)) {
      this.#penalty = 1;
      return packed;
    }
    this.#skips = this.#penalty;
    this.#penalty = Math.min(2 * this.#penalty, skipsMax);
    return undefined;
  }
}

/**
 * What was packed.
 * @throws {MeridianError} TOO_LARGE: it would be longer than `bytesMax`, and was not unpacked
 *   further. CORRUPT: it is not whole, or nothing that a `Packer` made.
 */
export function unpack(bytes: Uint8Array, bytesMax: number): Buffer {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, bytesMax) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw new MeridianError("TOO_LARGE", `more than ${bytesMax} bytes unpacked`, { cause });
    }
    throw new MeridianError("CORRUPT", "what was packed cannot be unpacked", { cause });
  }
}
