import { itemsOf, partOf, textOf } from "../../kube/json-object.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import { readObject } from "../../kube/kinds/served-object.ts";
import { chooseContainer, parseLogOptions } from "../../kube/request/log-options.ts";
import type { RequestInfo } from "../../kube/request/request-info.ts";
import { notServed, StatusError } from "../../kube/status-error.ts";
import type { ApiContext } from "./context.ts";
import type { ApiRequest, ApiResponse } from "./http/request.ts";
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
  const options = parseLogOptions(request.query);
  const container = chooseContainer(
    info.name,
    options.container,
    names("containers"),
    names("initContainers"),
  );
  const answer = await context.podLogs.open(info.namespace, info.name, {
    ...options,
    container,
    signal: request.signal,
  });
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
