import type { Pod } from "../../../kube/builtin.ts";
import * as fieldError from "../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import type { Status } from "../../../kube/status.ts";
import { badRequest, invalid } from "../answers/status-error.ts";
import { isTrue } from "./request-info.ts";

/** The query of a log request, with the server's defaults applied. Times are RFC 3339. */
export interface LogOptions {
  container: string;
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  sinceSeconds?: number;
  sinceTime?: string;
  tailLines?: number;
  limitBytes?: number;
}

/** Reads the query of a log request; throws in the server's words. */
export function parseLogOptions(query: URLSearchParams): LogOptions {
  const sinceTime = query.get("sinceTime");
  const options: LogOptions = {
    container: query.get("container") ?? "",
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
  };
  const numbers = [
    ["sinceSeconds", 1],
    ["tailLines", 0],
    ["limitBytes", 1],
  ] as const;
  for (const [name, minimum] of numbers) {
    const text = query.get(name);
    if (text === null) continue;
    const value = Number(text);
    if (!Number.isInteger(value)) {
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    if (value < minimum) {
      const detail = `must be greater than ${minimum === 1 ? "" : "or equal to "}0`;
      throw invalid({ group: "", kind: "PodLogOptions" }, "", [fieldError.invalid(name, value, detail)]);
    }
    options[name] = value;
  }
  if (sinceTime !== null && sinceTime !== "") {
    if (Number.isNaN(new Date(sinceTime).getTime()))
      throw badRequest(`sinceTime ${JSON.stringify(sinceTime)} is no time`);
    options.sinceTime = sinceTime;
  }
  return options;
}

/** The container of a pod whose log is meant; throws 400 if the pod leaves a choice or has no such container. */
export function chooseContainer(pod: MutableObject, wanted: string): string {
  const name = metaOf(pod).name ?? "";
  const names = (field: string): string[] =>
    objectsAt(objectAt(pod, "spec"), field).map((container) => textAt(container, "name"));
  const containers = names("containers");
  const initContainers = names("initContainers");
  if (wanted !== "") {
    if (containers.includes(wanted) || initContainers.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const [only = ""] = containers;
  if (containers.length === 1) return only;
  const init =
    initContainers.length > 0 ? ` or one of the init containers: [${initContainers.join(" ")}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(" ")}]${init}`,
  );
}

/** The time from which on lines are wanted, in milliseconds since 1970; undefined: all. */
export function sinceMsOf({ sinceTime, sinceSeconds }: LogOptions, nowMs: number): number | undefined {
  if (sinceTime !== undefined) return Date.parse(sinceTime);
  return sinceSeconds === undefined ? undefined : nowMs - sinceSeconds * 1000;
}

/** What a node answers if the wanted log does not exist: why, as far as the pod's status shows it. */
export function noLog(name: string, pod: Pod | undefined, { container, previous }: LogOptions): Status {
  const { initContainerStatuses = [], containerStatuses = [] } = pod?.status ?? {};
  const known = [...initContainerStatuses, ...containerStatuses].find((one) => one.name === container);
  const which = `container "${container}" in pod "${name}"`;
  const waiting = known?.state?.waiting?.reason ?? "ContainerCreating";
  const why = previous
    ? `previous terminated ${which} not found`
    : `${which} is waiting to start: ${waiting}`;
  return badRequest(why).status;
}
