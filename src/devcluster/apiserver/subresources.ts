import { readTokenRequest } from "../../kube/access/service-account-tokens.ts";
import { isJsonObject, itemsOf, metaOf, partOf, textOf, type JsonObject } from "../../kube/json-object.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import { readObject } from "../../kube/kinds/served-object.ts";
import { readBody, readDocument } from "../../kube/request/body.ts";
import { parseDeleteOptions, parseWriteOptions } from "../../kube/request/options.ts";
import type { RequestInfo } from "../../kube/request/request-info.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import {
  badRequest,
  methodNotAllowed,
  notFound,
  notServed,
  unknownResource,
} from "../../kube/status-error.ts";
import { timestamp } from "../../kube/time.ts";
import type { ApiContext } from "./context.ts";
import { jsonResponse, type ApiRequest, type ApiResponse } from "./http/request.ts";
import { openPodLog } from "./pod-log.ts";
import { keyOf } from "./storage/store.ts";
import type { StoredObject } from "./storage/table.ts";
import { deleteObject } from "./verbs/delete.ts";
import { updateObject } from "./verbs/update.ts";

/** What real servers have on pods and services and this one has not. */
const KNOWN_UNSERVED = new Set([
  "attach",
  "exec",
  "portforward",
  "proxy",
  "ephemeralcontainers",
  "resize",
  "scale",
]);

const SUCCESS = JSON.stringify({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  code: 201,
});

interface Call {
  readonly context: ApiContext;
  readonly resource: Resource;
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly warnings: string[];
}

/** Answers a subresource other than `status`. */
export async function answerSubresource(
  context: ApiContext,
  resource: Resource,
  request: ApiRequest,
  info: RequestInfo,
  warnings: string[],
): Promise<ApiResponse> {
  const call = { context, resource, request, info, warnings };
  const declared = resource.subresources.find(({ name }) => name === info.subresource);
  if (declared === undefined) {
    if (KNOWN_UNSERVED.has(info.subresource)) throw notServed(`${resource.plural}/${info.subresource}`);
    throw unknownResource();
  }
  if (!declared.verbs.includes(info.verb)) throw methodNotAllowed();
  switch (info.subresource) {
    case "log":
      return openPodLog(context, resource, request, info);
    case "token":
      return requestToken(call);
    case "finalize":
      return finalizeNamespace(call);
    case "binding":
      return bindPod(call);
    default:
      return evictPod(call);
  }
}

function requireStored({ context, resource, info }: Call): StoredObject {
  const stored = context.store.table(resource.storage).get(keyOf(info.namespace, info.name));
  if (stored === undefined) throw notFound({ group: resource.group, resource: resource.plural }, info.name);
  return stored;
}

/** `serviceaccounts/NAME/token`: a TokenRequest with the token in its status. */
async function requestToken(call: Call): Promise<ApiResponse> {
  const { context, request, info } = call;
  const account = requireStored(call);
  const document = readDocument(request, "TokenRequest");
  const { spec, audiences, expirationSeconds } = readTokenRequest(document);
  const { token, expires } = context.tokens.issue(
    {
      namespace: info.namespace,
      name: info.name,
      uid: account.uid,
      audiences,
      expirationSeconds,
      boundObject: boundObject(call, spec),
    },
    context.now(),
  );
  await context.store.settled();
  return jsonResponse(
    201,
    JSON.stringify({
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: {
        name: info.name,
        namespace: info.namespace,
        creationTimestamp: timestamp(context.now()),
      },
      spec: { ...spec, audiences, expirationSeconds },
      status: { token, expirationTimestamp: timestamp(expires) },
    }),
  );
}

function boundObject(
  { context, info }: Call,
  spec: JsonObject,
): { kind: string; name: string; uid: string } | undefined {
  if (!isJsonObject(spec["boundObjectRef"])) return undefined;
  const kind = textOf(spec["boundObjectRef"], "kind");
  const name = textOf(spec["boundObjectRef"], "name");
  if (kind !== "Pod" && kind !== "Secret") {
    throw badRequest(`cannot bind token for serviceaccount "${info.name}" to object of type ${kind}`);
  }
  const plural = `${kind.toLowerCase()}s`;
  const stored = context.store.table(`/${plural}`).get(keyOf(info.namespace, name));
  if (stored === undefined) throw notFound({ group: "", resource: plural }, name);
  return { kind, name, uid: stored.uid };
}

/** `namespaces/NAME/finalize`: the only way to change `spec.finalizers`. */
async function finalizeNamespace(call: Call): Promise<ApiResponse> {
  const { context, resource, request, info, warnings } = call;
  const options = parseWriteOptions(request, "UpdateOptions");
  const body = readBody(resource, request, options, warnings);
  const target = {
    resource,
    namespace: "",
    name: info.name,
    subresource: "finalize",
    user: request.user,
    options,
    warnings,
  };
  const change = (current: JsonObject) => {
    const finalizers = partOf(body, "spec")["finalizers"];
    const wanted = metaOf(body).resourceVersion;
    const meta = metaOf(current);
    if (wanted === undefined) delete meta.resourceVersion;
    else meta.resourceVersion = wanted;
    return { object: { ...current, spec: finalizers === undefined ? {} : { finalizers } } };
  };
  const json = await updateObject(context, target, change, true);
  return jsonResponse(200, json);
}

/** `pods/NAME/binding`: puts a pod on a node, as a scheduler does. */
async function bindPod(call: Call): Promise<ApiResponse> {
  const { context, resource, request, info, warnings } = call;
  const binding = readDocument(request, "Binding");
  const node = textOf(partOf(binding, "target"), "name");
  if (node === "") throw badRequest("target.name of a binding is required");
  const options = parseWriteOptions(request, "CreateOptions");
  const target = {
    resource,
    namespace: info.namespace,
    name: info.name,
    subresource: "binding",
    user: request.user,
    options,
    warnings,
  };
  const change = (pod: JsonObject) => {
    const spec = partOf(pod, "spec");
    if (textOf(spec, "nodeName") !== "") {
      throw badRequest(`pod ${info.name} is already assigned to node "${textOf(spec, "nodeName")}"`);
    }
    const status = partOf(pod, "status");
    const conditions = itemsOf(status, "conditions").filter(({ type }) => type !== "PodScheduled");
    const now = timestamp(context.now());
    conditions.push({ type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: now });
    return {
      object: { ...pod, spec: { ...spec, nodeName: node }, status: { ...status, conditions } },
    };
  };
  await updateObject(context, target, change, true);
  return jsonResponse(201, SUCCESS);
}

/** `pods/NAME/eviction`: a delete; disruption budgets have no controller here, so they never hold it back. */
async function evictPod(call: Call): Promise<ApiResponse> {
  const { context, resource, request, info, warnings } = call;
  const pod = readObject(resource, requireStored(call));
  const eviction = readDocument(request, "Eviction");
  const version = textOf(eviction, "apiVersion");
  if (version !== "" && version !== "policy/v1") {
    throw badRequest(
      `eviction of ${apiVersionOf(resource)} pods must be a policy/v1 Eviction, got ${version}`,
    );
  }
  const options = parseDeleteOptions({
    ...request,
    body: JSON.stringify(partOf(eviction, "deleteOptions")),
  });
  const name = metaOf(pod).name ?? "";
  await deleteObject(
    context,
    { resource, namespace: info.namespace, name, user: request.user, warnings },
    options,
  );
  return jsonResponse(201, SUCCESS);
}
