import type { ZoneConfig } from "./node-config.ts";

/** Zones that a platform is founded with unless its configuration says otherwise. */
export const defaultZones: readonly ZoneConfig[] = [
  { prefix: "/global", consistency: "strict", home: "", conflict: "lww", replicate: "all" },
  { prefix: "/meridian", consistency: "strict", home: "", conflict: "lww", replicate: "all" },
  {
    prefix: "/regions/{region}",
    consistency: "regional",
    home: "{region}",
    conflict: "lww",
    replicate: "all",
  },
  { prefix: "/shared", consistency: "eventual", home: "", conflict: "lww", replicate: "all" },
];
