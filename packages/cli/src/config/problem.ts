/** One thing wrong with a file, at the place where it stands. Lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** Dotted path of the value, such as `cluster[2].address`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** A file that cannot be used as it stands. All its problems are told at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map((problem) => line(file, problem)).join("\n"), options);
    this.file = file;
    this.problems = problems;
  }
}

/** `file:line:column: path: message`, the form that editors jump to. */
function line(file: string, { line: row, column, path, message }: Problem): string {
  return `${file}:${row}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}
