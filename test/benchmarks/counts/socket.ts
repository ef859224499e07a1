import { type FrameStream, openChannel, serve } from "@meridian/transport";
import type { Encodable, IClientFrame } from "@meridian/wire";
import type { Work } from "./cases.ts";

/** Frames that go to and fro over a real connection, one at a time: nothing depends on when. */
export async function overSocket(): Promise<Work> {
  const server = await serve({
    listen: "127.0.0.1:0",
    coordination: {
      session: (stream) => ({
        onFrame: ({ requests }) => {
          stream.send({
            responses: requests.map(({ id, set }) => ({ id, node: { data: set?.data } })),
          });
        },
        onClose: () => undefined,
      }),
      execute: () => ({ response: {}, servedBy: {} }),
      watch: () => ({ onClose: () => undefined }),
    },
  });
  let answered: () => void = () => undefined;
  const stream: FrameStream<Encodable<IClientFrame>> = openChannel(server.address).session({
    onFrame: () => answered(),
    onClose: () => undefined,
  });
  const data = Buffer.alloc(256, 1);
  const run = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      const next = (): void => {
        if (left === 0) return resolve();
        left -= 1;
        stream.send({ requests: [{ id: left + 1, set: { path: "/a", data, version: -1 } }] });
      };
      answered = next;
      next();
    });
  return { ground: { tally: () => ({}) }, run };
}
