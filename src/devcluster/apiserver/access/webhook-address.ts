import { decodeBase64 } from "../../../kube/base64.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import { labelSelectorOf, labelsMatch } from "../../../kube/selectors.ts";
import type { StoredObjects } from "./stored-objects.ts";

/** Where a webhook listens, and how it is called. */
export interface WebhookAddress {
  url: URL;
  /** PEM of the authorities that may have signed its certificate; absent: the usual ones. */
  ca?: string;
  /** How long it is waited for. */
  timeoutMs: number;
  /** The name that the webhook's certificate must have, if it is not the URL's. */
  servername?: string;
}

/**
 * Where a webhook listens. A Service stands for the node's own address, which its pods share, at the port
 * that a pod of it listens on; one of type ExternalName for that name. Throws if nothing is behind it.
 */
export function webhookAddress(objects: StoredObjects, webhook: MutableObject): WebhookAddress {
  const client = objectAt(webhook, "clientConfig");
  const seconds = Number(webhook["timeoutSeconds"] ?? DEFAULT_TIMEOUT_SECONDS);
  const caBundle = textAt(client, "caBundle");
  const place = placeOf(objects, client);
  place.url.searchParams.set("timeout", `${seconds}s`);
  return {
    ...place,
    timeoutMs: seconds * 1000,
    ...(caBundle === "" ? {} : { ca: decodeBase64(caBundle) }),
  };
}

const DEFAULT_TIMEOUT_SECONDS = 10;

function placeOf(objects: StoredObjects, client: MutableObject): Pick<WebhookAddress, "url" | "servername"> {
  if (textAt(client, "url") !== "") return { url: new URL(textAt(client, "url")) };
  const reference = objectAt(client, "service");
  const namespace = textAt(reference, "namespace");
  const name = textAt(reference, "name");
  const found = objects.get("/services", `${namespace}/${name}`);
  if (found === undefined) throw new Error(`service "${name}" not found`);
  const spec = objectAt(found, "spec");
  const port = Number(reference["port"] ?? 443);
  const external = textAt(spec, "externalName");
  const host =
    external === "" ? `127.0.0.1:${targetPort(objects, namespace, name, spec, port)}` : `${external}:${port}`;
  return {
    url: new URL(`https://${host}${textAt(reference, "path") || "/"}`),
    servername: `${name}.${namespace}.svc`,
  };
}

/** The port at which a pod of the Service listens for what is sent to the Service's `port`. */
function targetPort(
  objects: StoredObjects,
  namespace: string,
  name: string,
  spec: MutableObject,
  port: number,
): number {
  const served = objectsAt(spec, "ports").find((candidate) => candidate["port"] === port);
  if (served === undefined) throw new Error(`no service port ${port} found for service "${name}"`);
  const wanted = served["targetPort"] ?? port;
  const matchLabels = objectAt(spec, "selector") as Record<string, string>;
  const selector = labelSelectorOf({ matchLabels });
  for (const pod of selector.length === 0 ? [] : objects.list("/pods")) {
    const { namespace: own, labels } = metaOf(pod);
    if (own !== namespace || !isReady(pod) || !labelsMatch(selector, labels)) continue;
    if (typeof wanted === "number") return wanted;
    const ports = objectsAt(objectAt(pod, "spec"), "containers").flatMap((container) =>
      objectsAt(container, "ports"),
    );
    const named = ports.find((candidate) => candidate["name"] === wanted);
    if (named !== undefined) return Number(named["containerPort"]);
  }
  throw new Error(`no endpoints available for service "${name}"`);
}

function isReady(pod: MutableObject): boolean {
  return objectsAt(objectAt(pod, "status"), "conditions").some(
    ({ type, status }) => type === "Ready" && status === "True",
  );
}
