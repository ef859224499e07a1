/**
 * How many cases a test tries: few by default, many when the environment says
 * `MERIDIAN_SWEEP=full`.
 */
export function sweep(few: number, many: number): number {
  return process.env["MERIDIAN_SWEEP"] === "full" ? many : few;
}
