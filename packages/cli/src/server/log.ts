import { pino } from "pino";

import type { LogLevel } from "../config/node-config.ts";

/** Where a node says what happens to it. Fields first, then a sentence without variable parts. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log on stderr: JSON lines, or lines for people on a terminal. `fields` go into every line. */
export function openLog(level: LogLevel, fields: Readonly<Record<string, string>>): Log {
  const options = { level, base: fields, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, { write: (line) => void process.stderr.write(forPeople(line)) });
}

const levelNames: Readonly<Record<number, string>> = {
  10: "TRACE",
  20: "DEBUG",
  30: "INFO",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};

/** `12:34:56.789 INFO us-west-1: message key=value`. */
function forPeople(line: string): string {
  const { level, time, msg, node, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const extra = Object.entries(rest)
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  const clock = String(time).slice(11, 23);
  return `${clock} ${levelNames[Number(level)] ?? ""} ${String(node)}: ${String(msg)}${extra}\n`;
}
