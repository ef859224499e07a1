/** Round-trip times between regions, and where they come from. */
export interface RoundTripTimes {
  /** Said wherever the emulation is shown. */
  readonly source: string;
  /** Milliseconds, by the two regions; each pair stands once, in either order. */
  readonly roundTripMs: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * Measured round-trip times between AWS regions: mean of ICMP echoes between EC2 instances on 5
 * June 2020 (deviation within 5 ms for every pair, most within 0.5 ms), published with the sources
 * of the EuroSys '21 paper "Efficient Replication via Timestamp Stability" as
 * latency_aws/2020_06_05 in https://github.com/vitorenesduarte/fantoch (rounded to 0.1 ms). Long-
 * haul paths change little over the years: they follow the cables.
 *
 * us-east = us-east-1 (Virginia), us-central = us-east-2 (Ohio), us-west = us-west-2 (Oregon), eu-
 * west = eu-west-1 (Ireland), eu-central = eu-central-1 (Frankfurt), apac = ap-northeast-1 (Tokyo),
 * sa-east = sa-east-1 (São Paulo).
 */
export const measuredRoundTripTimes: RoundTripTimes = {
  source:
    "mean ICMP round trips between AWS regions, measured 2020-06-05 " +
    "(github.com/vitorenesduarte/fantoch, latency_aws)",
  roundTripMs: {
    "us-east": {
      "us-central": 10.5,
      "us-west": 72.5,
      "eu-west": 70.5,
      "eu-central": 85.6,
      apac: 152.4,
      "sa-east": 113.0,
    },
    "us-central": {
      "us-west": 48.5,
      "eu-west": 84.8,
      "eu-central": 96.1,
      apac: 155.5,
      "sa-east": 124.7,
    },
    "us-west": { "eu-west": 127.3, "eu-central": 157.6, apac: 100.9, "sa-east": 180.3 },
    "eu-west": { "eu-central": 23.8, apac: 204.4, "sa-east": 183.6 },
    "eu-central": { apac: 243.9, "sa-east": 203.1 },
    apac: { "sa-east": 267.9 },
  },
};

/**
 * Looks a pair up, in either order; undefined when the table does not name it. A region is 0 from
 * itself.
 */
export function roundTripMs(times: RoundTripTimes, a: string, b: string): number | undefined {
  return a === b ? 0 : (times.roundTripMs[a]?.[b] ?? times.roundTripMs[b]?.[a]);
}
