import { invalid as invalidField } from "../../kube/field-errors.ts";
import type { ApiContext } from "./context.ts";
import { badRequest, invalid, notServed, StatusError } from "../../kube/status-error.ts";
import { isTrue, type RequestInfo } from "../../kube/request/request-info.ts";
import { type ApiRequest, type ApiResponse } from "./http/request.ts";
import { itemsOf, partOf, textOf } from "../../kube/json-object.ts";
import { readObject } from "./objects.ts";
import type { PodLogOptions } from "./pod-logs.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import { getObject } from "./verbs/list.ts";

/** `pods/NAME/log`: checks the query as a real server does, then asks the node. */
export async function openPodLog(
  context: ApiContext,
  resource: Resource,
  request: ApiRequest,
  info: RequestInfo,
): Promise<ApiResponse> {
  if (context.podLogs === undefined) throw notServed("logs without a node");
  const stored = await getObject(context, resource, info.namespace, info.name, new URLSearchParams());
  const spec = partOf(readObject(resource, stored), "spec");
  const names = (field: string): string[] =>
    itemsOf(spec, field).map((container) => textOf(container, "name"));
  const options = readOptions(request);
  const container = chooseContainer(
    info.name,
    options.container,
    names("containers"),
    names("initContainers"),
  );
  const answer = await context.podLogs.open(info.namespace, info.name, { ...options, container });
  if ("status" in answer) throw new StatusError(answer.status);
  return {
    status: 200,
    headers: { "content-type": "text/plain" },
    body(sink) {
      const pump = async (): Promise<void> => {
        try {
          for await (const chunk of answer.chunks) if (!sink.write(chunk)) break;
        } finally {
          sink.end();
        }
      };
      // A log that breaks off ends the answer: its headers are out already.
      pump().catch(() => undefined);
    },
  };
}

function readOptions(request: ApiRequest): PodLogOptions {
  const { query } = request;
  const sinceTime = query.get("sinceTime");
  const options: PodLogOptions = {
    container: query.get("container") ?? "",
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    signal: request.signal,
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
      throw invalid({ group: "", kind: "PodLogOptions" }, "", [invalidField(name, value, detail)]);
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

function chooseContainer(
  pod: string,
  wanted: string,
  containers: readonly string[],
  initContainers: readonly string[],
): string {
  if (wanted !== "") {
    if (containers.includes(wanted) || initContainers.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${pod}`);
  }
  const [only = ""] = containers;
  if (containers.length === 1) return only;
  const init =
    initContainers.length > 0 ? ` or one of the init containers: [${initContainers.join(" ")}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${pod}, choose one of: [${containers.join(" ")}]${init}`,
  );
}
