import { lineOf } from "./lines.ts";
import type { DevEvent } from "./event.ts";
import type { Platform } from "./platform.ts";
import { statusView } from "./status-view.ts";
import { welcome } from "./welcome.ts";

/** Shows what happens to a platform. */
export interface Presenter {
  show(event: DevEvent): void;
  /** Begins the live view, where there is one. */
  follow(platform: Platform): void;
  close(): void;
}

const refreshMs = 1_000;

/** One JSON line an event on stdout, and nothing else there. */
export function jsonPresenter(): Presenter {
  return {
    show: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`),
    follow: () => {},
    close: () => {},
  };
}

/** Plain lines on stdout: for logs and pipes. */
export function linePresenter(): Presenter {
  return {
    show: (event) => {
      const line = event.event === "ready" ? welcome(event) : lineOf(event);
      if (line !== undefined) process.stdout.write(`${line}\n`);
    },
    follow: () => {},
    close: () => {},
  };
}

/**
 * For a terminal: the lines scroll, the status of the platform below them is drawn again in place.
 */
export class ScreenPresenter implements Presenter {
  #view: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  show(event: DevEvent): void {
    const text = event.event === "ready" ? `\u001B[2J\u001B[H${welcome(event)}\n` : lineOf(event);
    if (text === undefined) return;
    this.#erase();
    process.stdout.write(`${text}\n`);
    this.#draw();
  }

  follow(platform: Platform): void {
    let looking = false;
    const refresh = async (): Promise<void> => {
      if (looking) return;
      looking = true;
      const states = await platform.look();
      looking = false;
      if (this.#timer === undefined) return;
      this.#erase();
      this.#view = statusView(states, platform.inspect());
      this.#draw();
    };
    this.#timer = setInterval(() => void refresh(), refreshMs);
    void refresh();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#view = [];
  }

  #erase(): void {
    // Up over the view, then clear to the end of the screen.
    if (this.#view.length > 0) process.stdout.write(`\u001B[${this.#view.length}A\u001B[0J`);
  }

  #draw(): void {
    const columns = process.stdout.columns;
    for (const line of this.#view) process.stdout.write(`${fit(line, columns)}\n`);
  }
}

/**
 * A line that wrapped would be counted wrongly when it is erased: colours are kept, the overhang is
 * cut.
 */
function fit(line: string, columns: number): string {
  const [first = "", ...coloured] = line.split("\u001B");
  let room = columns - first.length;
  let text = first.slice(0, columns);
  for (const part of coloured) {
    const end = part.indexOf("m") + 1;
    text += `\u001B${part.slice(0, end)}${part.slice(end, end + Math.max(0, room))}`;
    room -= part.length - end;
  }
  return text;
}
