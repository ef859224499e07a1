/** Where a server reports what an operator should know. Pino's loggers fit. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Reports nothing. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };
