import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { describeHolder, portHolder } from "../src/server/port-holder.ts";

test("the holder of a port is found by name", async ({ skip }) => {
  if (process.platform !== "linux") skip("only Linux tells, in /proc");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const holder = portHolder(port);
  expect(holder?.pid).toBe(process.pid);
  expect(describeHolder(holder)).toContain(`by process ${process.pid} (`);
  server.close();
  await once(server, "close");
  expect(portHolder(port)).toBeUndefined();
  expect(describeHolder(undefined)).toBe("");
});
