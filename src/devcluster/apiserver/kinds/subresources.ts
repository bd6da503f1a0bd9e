import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import {
  badRequest,
  conflict,
  methodNotAllowed,
  notServed,
  unknownResource,
} from "../answers/status-error.ts";
import { timestamp } from "../../../kube/time.ts";
import type { Resource, Subresource } from "./resource.ts";

/** What writes to subresources make of an object. Source: kubernetes pkg/registry/core. */

/** What real servers have on pods and other kinds and this one has not. */
const KNOWN_UNSERVED = new Set(["portforward", "proxy", "ephemeralcontainers", "resize", "scale"]);

/** A subresource other than `status`; throws 404, 405 or 501 if it does not answer the verb. */
export function findSubresource(resource: Resource, name: string, verb: string): Subresource {
  const declared = resource.subresources.find((subresource) => subresource.name === name);
  if (declared === undefined) {
    throw KNOWN_UNSERVED.has(name) ? notServed(`${resource.plural}/${name}`) : unknownResource();
  }
  if (!declared.verbs.includes(verb)) throw methodNotAllowed();
  return declared;
}

/** `namespaces/NAME/finalize`: the only way to change `spec.finalizers`; nothing else is changed by it. */
export function finalizeNamespace(namespace: MutableObject, body: MutableObject): MutableObject {
  const { finalizers } = objectAt(body, "spec");
  const { resourceVersion } = metaOf(body);
  return {
    ...namespace,
    metadata: { ...metaOf(namespace), resourceVersion },
    spec: finalizers === undefined ? {} : { finalizers },
  };
}

/** A pod that is about to be evicted: its conditions say so before it is deleted, unless it has ended. */
export function markDisrupted(pod: MutableObject, now: Date): MutableObject {
  const status = objectAt(pod, "status");
  if (["Succeeded", "Failed"].includes(textAt(status, "phase"))) return pod;
  const conditions = objectsAt(status, "conditions").filter(({ type }) => type !== "DisruptionTarget");
  conditions.push({
    type: "DisruptionTarget",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timestamp(now),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  });
  return { ...pod, status: { ...status, conditions } };
}

/** `pods/NAME/binding`: puts a pod on a node, as a scheduler does. Throws if it is on one already. */
export function bindPod(pod: MutableObject, binding: MutableObject, now: Date): MutableObject {
  const nodeName = textAt(objectAt(binding, "target"), "name");
  if (nodeName === "") throw badRequest("target.name of a binding is required");
  const spec = objectAt(pod, "spec");
  const name = metaOf(pod).name ?? "";
  if (textAt(spec, "nodeName") !== "") {
    const why = `pod ${name} is already assigned to node "${textAt(spec, "nodeName")}"`;
    throw conflict({ group: "", resource: "pods/binding" }, name, why);
  }
  const status = objectAt(pod, "status");
  const conditions = objectsAt(status, "conditions").filter(({ type }) => type !== "PodScheduled");
  conditions.push({
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timestamp(now),
  });
  return { ...pod, spec: { ...spec, nodeName }, status: { ...status, conditions } };
}
