import { refuseEscalation } from "../../../kube/access/escalation.ts";
import type { Authorizer } from "../../../kube/access/rules.ts";
import type { AdmissionAttempt } from "../../../kube/access/admission-attempt.ts";
import { appliesTo, applyAnswer, denial, reviewOf } from "../../../kube/access/webhook-review.ts";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { randomUUID } from "node:crypto";
import { isJsonObject, type JsonObject } from "../../../kube/json-object.ts";
import { failure } from "../../../kube/status-error.ts";
import { itemsOf, partOf, textOf } from "../../../kube/json-object.ts";
import type { Store } from "../storage/store.ts";
import type { Admission } from "./admission.ts";
import { admitBuiltin } from "./builtin.ts";

const GROUP = "admissionregistration.k8s.io";
const MAXIMUM_ANSWER_BYTES = 3 * 1024 * 1024;

interface Configured {
  webhook: JsonObject;
  /** `NAME.CONFIGURATION` order: by configuration name, then as listed. */
  configuration: string;
}

/** Admission: the cluster's own plugins, then the configured webhooks. */
export function createAdmission(store: Store, authorizer: Authorizer): Admission {
  const tables = {
    mutating: store.table(`${GROUP}/mutatingwebhookconfigurations`),
    validating: store.table(`${GROUP}/validatingwebhookconfigurations`),
  };
  const configured = (which: "mutating" | "validating", attempt: AdmissionAttempt): Configured[] =>
    [...tables[which].values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((stored) =>
        itemsOf(JSON.parse(stored.json) as JsonObject, "webhooks").map((webhook) => ({
          webhook,
          configuration: stored.name,
        })),
      )
      .filter(({ webhook }) =>
        appliesTo(webhook, attempt, store.table("/namespaces").get(attempt.namespace)?.labels),
      );
  return {
    isActive: () => tables.mutating.size + tables.validating.size > 0,
    admit(attempt, warnings) {
      refuseEscalation(authorizer, attempt);
      admitBuiltin(store, attempt, warnings);
    },
    async mutate(attempt, warnings) {
      let { object } = attempt;
      for (const { webhook } of configured("mutating", attempt)) {
        const answer = await ask(store, webhook, { ...attempt, object }, warnings);
        if (answer !== undefined) object = applyAnswer(webhook, object, answer);
      }
      return object;
    },
    async validate(attempt, warnings) {
      await Promise.all(
        configured("validating", attempt).map(({ webhook }) => ask(store, webhook, attempt, warnings)),
      );
    },
  };
}

/** The webhook's answer; undefined where it could not be asked and may be passed over. */
async function ask(
  store: Store,
  webhook: JsonObject,
  attempt: AdmissionAttempt,
  warnings: string[],
): Promise<JsonObject | undefined> {
  const name = textOf(webhook, "name");
  if (attempt.dryRun && !["None", "NoneOnDryRun"].includes(textOf(webhook, "sideEffects"))) {
    throw failure(400, "BadRequest", `admission webhook "${name}" does not support dry run`);
  }
  const uid = randomUUID();
  let answer: JsonObject;
  try {
    answer = await post(store, webhook, reviewOf(attempt, uid, webhook));
  } catch (error) {
    if (textOf(webhook, "failurePolicy") === "Ignore") return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw failure(500, "InternalError", `Internal error occurred: failed calling webhook "${name}": ${why}`, {
      causes: [{ message: `failed calling webhook "${name}": ${why}` }],
    });
  }
  for (const warning of Array.isArray(answer["warnings"]) ? answer["warnings"] : []) {
    warnings.push(String(warning));
  }
  if (answer["allowed"] === true) return answer;
  throw denial(name, partOf(answer, "status"));
}

/** Where a webhook listens. A Service is reached through an ExternalName, since nothing routes here. */
function addressOf(store: Store, webhook: JsonObject): URL {
  const client = partOf(webhook, "clientConfig");
  if (textOf(client, "url") !== "") return new URL(textOf(client, "url"));
  const service = partOf(client, "service");
  const key = `${textOf(service, "namespace")}/${textOf(service, "name")}`;
  const stored = store.table("/services").get(key);
  if (stored === undefined) throw new Error(`service "${textOf(service, "name")}" not found`);
  const host = textOf(partOf(JSON.parse(stored.json) as JsonObject, "spec"), "externalName");
  if (host === "") {
    throw new Error(
      `service ${key} has no address here: give it type ExternalName and the address of the webhook's process`,
    );
  }
  return new URL(`https://${host}:${String(service["port"] ?? 443)}${textOf(service, "path") || "/"}`);
}

async function post(store: Store, webhook: JsonObject, review: JsonObject): Promise<JsonObject> {
  const url = addressOf(store, webhook);
  url.searchParams.set("timeout", `${String(webhook["timeoutSeconds"] ?? 10)}s`);
  const caBundle = textOf(partOf(webhook, "clientConfig"), "caBundle");
  const text = await exchange(url, JSON.stringify(review), {
    timeoutMs: Number(webhook["timeoutSeconds"] ?? 10) * 1000,
    ca: caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString("utf8"),
    servername: serverName(webhook),
  });
  const answer = (JSON.parse(text) as JsonObject)["response"];
  if (!isJsonObject(answer)) throw new Error("webhook response is absent");
  const uid = partOf(review, "request")["uid"];
  if (answer["uid"] !== uid)
    throw new Error(`expected response.uid ${JSON.stringify(uid)}, got ${JSON.stringify(answer["uid"])}`);
  return answer;
}

/** A webhook behind a Service has a certificate for the Service's name. */
function serverName(webhook: JsonObject): string | undefined {
  const service = partOf(partOf(webhook, "clientConfig"), "service");
  const name = textOf(service, "name");
  return name === "" ? undefined : `${name}.${textOf(service, "namespace")}.svc`;
}

function exchange(
  url: URL,
  body: string,
  options: { timeoutMs: number; ca: string | undefined; servername: string | undefined },
): Promise<string> {
  const { timeoutMs, ca, servername } = options;
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const signal = AbortSignal.timeout(timeoutMs);
  const base = { method: "POST", headers, signal };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "http:"
        ? httpRequest(url, base)
        : httpsRequest(url, {
            ...base,
            ...(ca === undefined ? {} : { ca }),
            ...(servername === undefined ? {} : { servername }),
          });
    request.on("error", (error) =>
      reject(signal.aborted ? new Error(`Post "${url.href}": context deadline exceeded`) : error),
    );
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MAXIMUM_ANSWER_BYTES)
          request.destroy(new Error("the webhook's answer is too large"));
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the server answered ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    request.end(body);
  });
}
