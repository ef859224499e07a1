import type { Stat } from "@meridian/client";

/** Data as it stands in JSON: text, or base64 with a note that it is. */
export interface EncodedData {
  readonly data: string;
  readonly encoding?: "base64";
}

/** Data for JSON output: UTF-8 as text, everything else as base64. */
export function encodeData(bytes: Uint8Array): EncodedData {
  try {
    return { data: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { data: Buffer.from(bytes).toString("base64"), encoding: "base64" };
  }
}

/** Metadata for JSON output; what only eventual zones have is left out elsewhere. */
export function statJson({ origin, vector, ...stat }: Stat): object {
  return origin === "" ? stat : { ...stat, origin, vector: vectorJson(vector) };
}

/** Metadata for people: one `name value` a line. */
export function statText({ origin, vector, ctimeMs, mtimeMs, ...stat }: Stat): string {
  const rows: [string, string | number][] = [
    ...Object.entries(stat).map(([name, value]): [string, number] => [name, value as number]),
    ["ctime", isoTime(ctimeMs)],
    ["mtime", isoTime(mtimeMs)],
  ];
  if (origin !== "") rows.push(["origin", origin], ["vector", JSON.stringify(vectorJson(vector))]);
  return rows.map(([name, value]) => `${name.padEnd(15)} ${value}\n`).join("");
}

/** A time for people, in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function vectorJson(vector: Stat["vector"]): Readonly<Record<string, number>> {
  return Object.fromEntries(vector.map(({ region, counter }) => [region, counter]));
}
