import type { HistoryEvent } from "../history.ts";

/**
 * A history from lines `process type f value`, the value as JSON or left out, all on one key:
 * `0 invoke write 1`.
 */
export function historyOf(text: string, key = "k"): HistoryEvent[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [process = "", type = "", f = "", ...value] = line.split(" ");
      return {
        process: Number(process),
        type: type as HistoryEvent["type"],
        f,
        key,
        value: value.length === 0 ? null : (JSON.parse(value.join(" ")) as unknown),
      };
    });
}

/** Operations one after the other, all ended, from lines `process f value`. */
export function sequenceOf(text: string, key = "k"): HistoryEvent[] {
  const lines = text.split("\n").map((line) => line.trim());
  return historyOf(
    lines
      .filter((line) => line !== "")
      .map((line) => {
        const [process = "", ...rest] = line.split(" ");
        return `${process} invoke ${rest.join(" ")}\n${process} ok ${rest.join(" ")}`;
      })
      .join("\n"),
    key,
  );
}
