import { MeridianError } from "@meridian/wire";
import { PositionMap, type Position } from "./position.ts";

/** First byte of the encoding, so that others can be told apart. */
const CAUSAL = 1;
/** Likewise; the first place is where a change stream stands in the history that it follows. */
const STREAM = 2;
/** A token of more clusters than this was not made by us. */
const clustersMax = 1_024;

/**
 * Encodes positions as a causal token: base64url of a version byte and, per cluster, its name,
 * incarnation and index as varints. No positions give the empty string.
 */
export function encodeToken(positions: readonly Position[]): string {
  return encode(CAUSAL, positions);
}

/**
 * Encodes where a change stream stands: first its place in the history that it follows, then those
 * of other clusters. It is a causal token as well.
 */
export function encodeStreamToken(positions: readonly Position[]): string {
  return encode(STREAM, positions);
}

function encode(version: number, positions: readonly Position[]): string {
  if (positions.length === 0) return "";
  const bytes: number[] = [version];
  for (const { cluster, incarnation, index } of positions) {
    const name = new TextEncoder().encode(cluster);
    writeVarint(bytes, name.byteLength);
    for (const byte of name) bytes.push(byte);
    writeVarint(bytes, incarnation);
    writeVarint(bytes, index);
  }
  return Buffer.from(bytes).toString("base64url");
}

/**
 * Positions of a token, one a cluster, by cluster name.
 * @throws {MeridianError} BAD_ARGUMENTS when it is not one.
 */
export function decodeToken(token: string): readonly Position[] {
  const positions = new PositionMap();
  positions.addAll(decodeStreamToken(token).positions);
  return positions.list();
}

/** Positions of a token as they were put in, and the cluster whose stream it is of, if it is. */
export interface StreamPlace {
  readonly positions: readonly Position[];
  /** Undefined: it is a causal token, of no stream. */
  readonly cluster: string | undefined;
}

/**
 * Where a change stream stood, or what a client had seen.
 * @throws {MeridianError} BAD_ARGUMENTS when it is no token.
 */
export function decodeStreamToken(token: string): StreamPlace {
  if (token === "") return { positions: [], cluster: undefined };
  if (!/^[A-Za-z0-9_-]+$/.test(token)) throw malformed();
  const reader = new VarintReader(Buffer.from(token, "base64url"));
  const version = reader.byte();
  if (version !== CAUSAL && version !== STREAM) throw malformed();
  const positions: Position[] = [];
  while (!reader.done) {
    if (positions.length >= clustersMax) throw malformed();
    const cluster = reader.text(reader.varint());
    positions.push({ cluster, incarnation: reader.varint(), index: reader.varint() });
  }
  if (version === CAUSAL) return { positions, cluster: undefined };
  const [followed] = positions;
  if (followed === undefined) throw malformed();
  return { positions, cluster: followed.cluster };
}

function malformed(): MeridianError {
  return new MeridianError("BAD_ARGUMENTS", "this is not a causal token");
}

/** Numbers go up to 2^53 - 1, which the shifts of 32-bit integers cannot do. */
function writeVarint(to: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    to.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  to.push(rest);
}

class VarintReader {
  readonly #bytes: Uint8Array;
  #place = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#place >= this.#bytes.byteLength;
  }

  byte(): number {
    const byte = this.#bytes[this.#place];
    if (byte === undefined) throw malformed();
    this.#place += 1;
    return byte;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte % 128) * scale;
      if (!Number.isSafeInteger(value)) throw malformed();
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  text(length: number): string {
    const end = this.#place + length;
    if (end > this.#bytes.byteLength) throw malformed();
    const bytes = this.#bytes.subarray(this.#place, end);
    this.#place = end;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      throw new MeridianError("BAD_ARGUMENTS", "this is not a causal token", { cause: error });
    }
  }
}
