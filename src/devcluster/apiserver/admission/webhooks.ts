import { randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AdmissionAttempt } from "../../../kube/access/admission-attempt.ts";
import { admitBuiltin } from "../../../kube/access/builtin-admission.ts";
import { refuseEscalation } from "../../../kube/access/escalation.ts";
import type { Authorizer } from "../../../kube/access/rules.ts";
import type { StoredObjects } from "../../../kube/access/stored-objects.ts";
import { webhookAddress } from "../../../kube/access/webhook-address.ts";
import { appliesTo, applyAnswer, denial, reviewOf } from "../../../kube/access/webhook-review.ts";
import { isJsonObject, metaOf, itemsOf, partOf, textOf, type JsonObject } from "../../../kube/json-object.ts";
import { failure } from "../../../kube/status-error.ts";
import type { Admission } from "./admission.ts";

const GROUP = "admissionregistration.k8s.io";
const MAXIMUM_ANSWER_BYTES = 3 * 1024 * 1024;

function configurations(objects: StoredObjects, which: "mutating" | "validating"): JsonObject[] {
  return [...objects.list(`${GROUP}/${which}webhookconfigurations`)];
}

/** Admission: the cluster's own plugins, then the configured webhooks. */
export function createAdmission(objects: StoredObjects, authorizer: Authorizer): Admission {
  const configured = (which: "mutating" | "validating", attempt: AdmissionAttempt): JsonObject[] => {
    const namespace = objects.get("/namespaces", attempt.namespace);
    return configurations(objects, which)
      .sort((a, b) => ((metaOf(a).name ?? "") < (metaOf(b).name ?? "") ? -1 : 1))
      .flatMap((configuration) => itemsOf(configuration, "webhooks"))
      .filter((webhook) => appliesTo(webhook, attempt, namespace && metaOf(namespace).labels));
  };
  return {
    isActive: () =>
      configurations(objects, "mutating").length + configurations(objects, "validating").length > 0,
    admit(attempt, warnings) {
      refuseEscalation(authorizer, attempt);
      admitBuiltin(objects, attempt, warnings);
    },
    async mutate(attempt, warnings) {
      let { object } = attempt;
      for (const webhook of configured("mutating", attempt)) {
        const answer = await ask(objects, webhook, { ...attempt, object }, warnings);
        if (answer !== undefined) object = applyAnswer(webhook, object, answer);
      }
      return object;
    },
    async validate(attempt, warnings) {
      await Promise.all(
        configured("validating", attempt).map((webhook) => ask(objects, webhook, attempt, warnings)),
      );
    },
  };
}

/** The webhook's answer; undefined where it could not be asked and may be passed over. */
async function ask(
  objects: StoredObjects,
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
    answer = await post(objects, webhook, reviewOf(attempt, uid, webhook));
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

async function post(objects: StoredObjects, webhook: JsonObject, review: JsonObject): Promise<JsonObject> {
  const { url, servername } = webhookAddress(objects, webhook);
  url.searchParams.set("timeout", `${String(webhook["timeoutSeconds"] ?? 10)}s`);
  const caBundle = textOf(partOf(webhook, "clientConfig"), "caBundle");
  const text = await exchange(url, JSON.stringify(review), {
    timeoutMs: Number(webhook["timeoutSeconds"] ?? 10) * 1000,
    ca: caBundle === "" ? undefined : Buffer.from(caBundle, "base64").toString("utf8"),
    servername,
  });
  const answer = (JSON.parse(text) as JsonObject)["response"];
  if (!isJsonObject(answer)) throw new Error("webhook response is absent");
  const uid = partOf(review, "request")["uid"];
  if (answer["uid"] !== uid)
    throw new Error(`expected response.uid ${JSON.stringify(uid)}, got ${JSON.stringify(answer["uid"])}`);
  return answer;
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
