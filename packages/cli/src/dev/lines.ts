import { describeHolder } from "../server/port-holder.ts";
import type { DevEvent } from "./event.ts";

/** An event as a line for people; undefined where there is nothing to say. */
export function lineOf(event: DevEvent): string | undefined {
  switch (event.event) {
    case "starting":
      return (
        `${event.resumed ? "Resuming" : "Starting"} ${event.nodes} nodes in ` +
        `${event.processes} processes (profile ${event.profile}), data in ${event.data}`
      );
    case "port-taken": {
      const { port, lastPort, holder } = event;
      const ports = port === lastPort ? `Port ${port} is` : `Ports ${port} to ${lastPort} are`;
      return `${ports} taken${describeHolder(holder)}; using the next free ones`;
    }
    case "waiting": {
      const more =
        event.count > event.for.length ? ` and ${event.count - event.for.length} more` : "";
      return `Waiting: ${event.for.join(", ")}${more}`;
    }
    case "ready":
      return `Ready after ${(event.elapsedMs / 1000).toFixed(1)} s`;
    case "process-started":
    case "failed": // told on stderr with the exit code
      return undefined;
    case "process-exited":
      return exitLine(event);
    case "fault":
      return `Fault: ${event.fault} ${event.detail}`;
    case "stopping":
      return `Stopping (${event.reason}) ...`;
    case "stopped":
      return "Stopped; the next start resumes the same data";
  }
}

function exitLine(event: Extract<DevEvent, { event: "process-exited" }>): string {
  const how = event.signal === null ? `ended with code ${event.code}` : `ended by ${event.signal}`;
  const why = event.message === undefined ? "" : `: ${event.message}`;
  const next =
    event.restartInMs === undefined
      ? `; it stays down until \`meridian chaos restart ${event.process}\``
      : `; again in ${event.restartInMs} ms, see ${event.log}`;
  return `Process ${event.process} ${how}${why}${next}`;
}
