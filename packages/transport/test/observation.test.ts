import grpc from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { HealthCheckResponse, HealthService, ServingStatus } from "@meridian/wire";
import { PROTOS } from "@meridian/wire/protos";
import { afterEach, describe, expect, test } from "vitest";
import { serve, type Server } from "../src/index.ts";
import { echo } from "./networks.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const asIs = (bytes: Buffer): Buffer => bytes;

async function start(): Promise<{ server: Server; client: grpc.Client }> {
  const limits = { graceMs: 20 };
  const server = await serve({ listen: "127.0.0.1:0", coordination: echo, limits });
  const client = new grpc.Client(server.address, grpc.credentials.createInsecure());
  closing.push(
    () => server.close(),
    () => client.close(),
  );
  return { server, client };
}

describe("the health service", () => {
  test("answers whether the node serves, for each of its services", async () => {
    const { server, client } = await start();
    const check = async (service: string): Promise<number> =>
      new Promise((resolve) => {
        const request = Buffer.concat([Buffer.from([10, service.length]), Buffer.from(service)]);
        const done = (error: grpc.ServiceError | null, answer?: Buffer): void =>
          resolve(error?.code ?? -HealthCheckResponse.decode(answer ?? request).status);
        client.makeUnaryRequest(HealthService.check.path, asIs, asIs, request, done);
      });
    expect(await check("")).toBe(-ServingStatus.NOT_SERVING);
    server.setServing(true);
    expect(await check("")).toBe(-ServingStatus.SERVING);
    expect(await check("meridian.v1.Coordination")).toBe(-ServingStatus.SERVING);
    expect(await check("meridian.v1.Peer")).toBe(grpc.status.NOT_FOUND);
  });

  test("tells watchers of every change", async () => {
    const { server, client } = await start();
    const { path } = HealthService.watch;
    const call = client.makeServerStreamRequest<Buffer, Buffer>(path, asIs, asIs, Buffer.alloc(0));
    call.on("error", () => undefined);
    const seen = call[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    const next = async (): Promise<number> =>
      HealthCheckResponse.decode((await seen.next()).value ?? Buffer.alloc(0)).status;
    expect(await next()).toBe(ServingStatus.NOT_SERVING);
    server.setServing(true);
    expect(await next()).toBe(ServingStatus.SERVING);
    server.setServing(false);
    expect(await next()).toBe(ServingStatus.NOT_SERVING);
    call.cancel();
  });
});

describe("server reflection", () => {
  test.each(["v1", "v1alpha"])(
    "%s lists what the node serves and describes it",
    async (version) => {
      const { client } = await start();
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      const call = client.makeBidiStreamRequest<Buffer, Buffer>(path, asIs, asIs);
      const answers = call[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
      const ask = async (field: number, text: string): Promise<string> => {
        call.write(Buffer.concat([Buffer.from([field * 8 + 2, text.length]), Buffer.from(text)]));
        return (await answers.next()).value?.toString("latin1") ?? "";
      };
      const services = await ask(7, "*");
      expect(services).toContain("meridian.v1.Coordination");
      expect(services).toContain("grpc.health.v1.Health");
      expect(services).not.toContain("meridian.v1.Peer");
      const file = await ask(4, "meridian.v1.Coordination");
      for (const name of ["Session", "ClientFrame", "acknowledged"]) expect(file).toContain(name);
      call.end();
    },
  );

  test("speaks of a protocol that tools can load", () => {
    const definition = fromJSON(PROTOS as never);
    expect(Object.keys(definition)).toContain("meridian.v1.Coordination");
    expect(Object.keys(definition)).toContain("grpc.health.v1.Health");
  });
});
