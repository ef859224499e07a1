/** What is counted, in the order in which it is shown; per operation. */
export const counters = [
  "requestFrames",
  "requestBytes",
  "answerFrames",
  "answerBytes",
  "peerFrames",
  "peerBytes",
  "regionFrames",
  "regionBytes",
  "diskSyncs",
  "diskBytes",
  "turns",
  "promises",
  "calls",
  "steps",
  "heapBytes",
  "bufferBytes",
] as const;

/** One of the things that are counted. */
export type Counter = (typeof counters)[number];

/** So many of each. */
export type Counts = Readonly<Record<Counter, number>>;
