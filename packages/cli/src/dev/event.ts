import type { PortHolder } from "../server/port-holder.ts";
import type { TierName } from "../config/role.ts";
import type { Profile } from "./picture.ts";

/** host:port of every node, by tier and region. */
export type Endpoints = Readonly<Record<TierName, Readonly<Record<string, readonly string[]>>>>;

/** What the emulated network is. */
export interface WanDescription {
  /** As given: real, none or a file. */
  readonly mode: string;
  /** True: latency between regions is made by this program, not by distance. */
  readonly emulated: boolean;
  /** Where the delays come from. */
  readonly source: string;
}

/** What happens to a local platform, as `--headless` prints it. */
export type DevEvent =
  | {
      readonly event: "starting";
      readonly data: string;
      readonly profile: Profile;
      readonly nodes: number;
      readonly processes: number;
      readonly resumed: boolean;
      readonly wan: WanDescription;
    }
  | {
      readonly event: "port-taken";
      readonly port: number;
      /** Last of the ports in a row that this holder has. */
      readonly lastPort: number;
      readonly holder: PortHolder | undefined;
    }
  | {
      readonly event: "ready";
      readonly endpoints: Endpoints;
      readonly topology: string;
      readonly control: string;
      /** Process ids by process name. */
      readonly pids: Readonly<Record<string, number>>;
      readonly wan: WanDescription;
      readonly elapsedMs: number;
    }
  | {
      readonly event: "waiting";
      readonly count: number;
      /** The first few things that are waited for. */
      readonly for: readonly string[];
    }
  | { readonly event: "process-started"; readonly process: string; readonly pid: number }
  | {
      readonly event: "process-exited";
      readonly process: string;
      readonly nodes: readonly string[];
      readonly code: number | null;
      readonly signal: string | null;
      /** Killed on request: it stays down until asked for. */
      readonly requested: boolean;
      readonly restartInMs: number | undefined;
      readonly message: string | undefined;
      readonly log: string;
    }
  | { readonly event: "fault"; readonly fault: string; readonly detail: string }
  | { readonly event: "failed"; readonly code: string; readonly message: string }
  | { readonly event: "stopping"; readonly reason: string }
  | { readonly event: "stopped" };
