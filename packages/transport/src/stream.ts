/**
 * Own side of an open stream of frames. Sending never blocks and never throws; a closed stream
 * swallows frames.
 */
export interface FrameStream<Out> {
  /**
   * Hands a frame over; frames arrive in order or the stream closes. The frame must not be changed
   * afterwards.
   */
  send(frame: Out): void;
  /**
   * Bytes handed over that the operating system has not taken yet. The owner bounds it: slow
   * readers are cut.
   */
  readonly bufferedBytes: number;
  /** Ends the stream, after what was sent. With an error: at once. */
  close(error?: Error): void;
}

/** Own side of a stream that another opened. */
export interface AcceptedStream<Out> extends FrameStream<Out> {
  /** Like `send`, for a frame that is encoded already. The bytes must not be changed afterwards. */
  sendEncoded(frame: Buffer): void;
}

/** What the owner of a stream is told. No call after `onClose`, which comes exactly once. */
export interface FrameHandler<In> {
  onFrame(frame: In): void;
  /** All that was sent has been taken by the operating system: `bufferedBytes` is 0 again. */
  onDrain?(): void;
  /**
   * The other side ended it (undefined), or it broke; also after an own `close`, with its argument.
   * A client that gives a stream up may look to the server as if it had ended it in good order; one
   * that dies or is cut off does not.
   */
  onClose(error: Error | undefined): void;
}

/** Accepts a stream: given its sending half, returns its receiving half. */
export type Acceptor<In, Out> = (stream: AcceptedStream<Out>, caller: Caller) => FrameHandler<In>;

/** Who opened a stream or made a call. */
export interface Caller {
  /** host:port of the other side. */
  readonly address: string;
  /** Aborted when the caller went away or its deadline passed. */
  readonly signal: AbortSignal;
  /** Milliseconds left until the caller's deadline; undefined when it set none. */
  readonly deadlineMs: number | undefined;
}
