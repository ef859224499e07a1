/** Its own bound, 2 GiB, would end long benchmarks with NOSPACE: every write is a revision. */
const quotaBytes = 8 * 2 ** 30;

/** Ports of one server. */
export interface EtcdPorts {
  readonly client: number;
  readonly peer: number;
}

/** Ports that the server of this place takes from a base on. */
export function etcdPorts(basePort: number, place: number): EtcdPorts {
  const client = basePort + place * 2;
  return { client, peer: client + 1 };
}

/** How one of `servers` voters is run. What is not named here is the default. */
export function etcdArguments(
  options: { readonly basePort: number; readonly place: number; readonly servers: number },
  data: string,
): readonly string[] {
  const { basePort, place, servers } = options;
  const nameOf = (index: number): string => `etcd-${index + 1}`;
  const { client, peer } = etcdPorts(basePort, place);
  const members = Array.from({ length: servers }, (_, index) => {
    return `${nameOf(index)}=http://127.0.0.1:${etcdPorts(basePort, index).peer}`;
  });
  const settings = {
    name: nameOf(place),
    "data-dir": data,
    "listen-client-urls": `http://127.0.0.1:${client}`,
    "advertise-client-urls": `http://127.0.0.1:${client}`,
    "listen-peer-urls": `http://127.0.0.1:${peer}`,
    "initial-advertise-peer-urls": `http://127.0.0.1:${peer}`,
    "initial-cluster": members.join(","),
    "initial-cluster-token": `meridian-bench-${basePort}`,
    "quota-backend-bytes": String(quotaBytes),
    logger: "zap",
    "log-level": "warn",
  };
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}
