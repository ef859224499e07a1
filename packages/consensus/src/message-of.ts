import type { Message } from "./message.ts";

/** A message of one type; types that share a shape are one, as votes are. */
export type MessageOf<T extends Message["type"]> = Extract<Message, { readonly type: T }>;
