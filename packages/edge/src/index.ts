export { EdgeObserver, type EdgeObserverOptions } from "./edge-observer.ts";
