/** A server could not be bound to its address. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** As the operating system has it: EADDRINUSE, EACCES, EADDRNOTAVAIL, …. */
  readonly code: string;
  /** The address as asked for. */
  readonly address: string;
  readonly port: number;

  constructor(code: string, address: string, port: number, options?: ErrorOptions) {
    const why = code === "EADDRINUSE" ? `port ${port} is in use` : `cannot listen: ${code}`;
    super(`[${code}] ${why} (${address})`, options);
    this.code = code;
    this.address = address;
    this.port = port;
  }
}
