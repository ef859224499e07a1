/** How an instance of a service is. */
export type Health = "up" | "degraded" | "down";

/** An instance of a service. */
export interface ServiceInstance {
  readonly service: string;
  /** One component of a path; unique in the service. */
  readonly id: string;
  /** Host name or address. */
  readonly address: string;
  readonly port: number;
  /** Where it is; that of the client that registered it. */
  readonly region: string;
  /** A part of the region; "" when not said. */
  readonly zone: string;
  readonly health: Health;
  /** Whatever else callers should know. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** How callers choose among instances. */
export type PickStrategy =
  /** Each as likely as any other. */
  | "random"
  /** One after the other. */
  | "round-robin"
  /** Own zone first, then own region, then all; by chance among equals. */
  | "nearest";

/** An instance as the text of its node. */
export function encodeInstance(instance: ServiceInstance): string {
  const { address, port, region, zone, health, metadata } = instance;
  return JSON.stringify({ address, port, region, zone, health, metadata });
}

/** The instance that a node describes; undefined when it describes none. */
export function decodeInstance(
  service: string,
  id: string,
  text: string,
): ServiceInstance | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof found !== "object" || found === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(found));
  const word = (name: string): string => {
    const value = fields.get(name);
    return typeof value === "string" ? value : "";
  };
  const port = Number(fields.get("port"));
  const address = word("address");
  if (address === "" || !Number.isInteger(port)) return undefined;
  const metadata = metadataOf(fields.get("metadata"));
  const health = healthOf(word("health"));
  return {
    service,
    id,
    address,
    port,
    region: word("region"),
    zone: word("zone"),
    health,
    metadata,
  };
}

/** What this version has no word for is not known to be well. */
function healthOf(word: string): Health {
  return word === "up" || word === "degraded" ? word : "down";
}

function metadataOf(found: unknown): Readonly<Record<string, string>> {
  if (typeof found !== "object" || found === null) return {};
  const pairs = Object.entries(found).filter((pair): pair is [string, string] => {
    return typeof pair[1] === "string";
  });
  return Object.fromEntries(pairs);
}
