import { readObject } from "./kinds/served-object.ts";
import { chooseContainer, parseLogOptions } from "./request/log-options.ts";
import type { Target } from "./request/target.ts";
import { notServed, StatusError } from "./answers/status-error.ts";
import type { ApiContext } from "./context.ts";
import type { ApiRequest, ApiResponse } from "./http/request.ts";
import { getObject } from "./verbs/list.ts";

/** `pods/NAME/log`: checks the query as a real server does, then asks the node. */
export async function openPodLog(
  context: ApiContext,
  target: Target,
  { query, signal }: ApiRequest,
): Promise<ApiResponse> {
  const { resource, namespace, name } = target;
  if (context.podLogs === undefined) throw notServed("logs without a node");
  const pod = readObject(resource, await getObject(context, target, new URLSearchParams()));
  const options = parseLogOptions(query);
  const container = chooseContainer(pod, options.container);
  const answer = await context.podLogs.open(namespace, name, { ...options, container, signal });
  if ("status" in answer) throw new StatusError(answer.status);
  return {
    status: 200,
    headers: { "content-type": "text/plain" },
    body(sink) {
      const pump = async (): Promise<void> => {
        for await (const chunk of answer.chunks) if (!sink.write(chunk)) break;
      };
      // A log that breaks off ends the answer: its headers are out already.
      pump()
        .catch(() => undefined)
        .finally(() => sink.end());
    },
  };
}
