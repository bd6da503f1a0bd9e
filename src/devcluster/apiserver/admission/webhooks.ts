import { randomUUID } from "node:crypto";
import { createHttpsTransport } from "../../../client/transport-https.ts";
import type { AdmissionAttempt } from "../access/admission-attempt.ts";
import { admitBuiltin, type OptionalPlugins } from "../access/builtin-admission.ts";
import { refuseEscalation } from "../access/escalation.ts";
import type { Authorizer } from "../access/rules.ts";
import type { StoredObjects } from "../access/stored-objects.ts";
import { webhookAddress } from "../access/webhook-address.ts";
import {
  applyAnswer,
  hasWebhooks,
  readReview,
  refuseDryRun,
  requireAllowed,
  reviewOf,
  unanswered,
  webhooksFor,
} from "../access/webhook-review.ts";
import type { MutableObject } from "../answers/json-object.ts";

const MAXIMUM_ANSWER_BYTES = 3 * 1024 * 1024;

/** Decides about writes after authorization; refusals are thrown as StatusError. */
export interface Admission {
  /** The cluster's own plugins: they may change the object in place, and they need no one else. */
  admit(attempt: AdmissionAttempt): void;
  /** The object, changed if mutating webhooks want it; the same one if none applies. */
  mutate(attempt: AdmissionAttempt): Promise<MutableObject | undefined>;
  validate(attempt: AdmissionAttempt): Promise<void>;
  /** Whether any webhook could be called for such a write; spares the rest if none can. */
  isActive(): boolean;
}

/** Admission: the cluster's own plugins, then the configured webhooks. */
export function createAdmission(
  objects: StoredObjects,
  authorizer: Authorizer,
  plugins: OptionalPlugins,
): Admission {
  return {
    isActive: () => hasWebhooks(objects),
    admit(attempt) {
      refuseEscalation(authorizer, attempt);
      admitBuiltin(objects, attempt, plugins);
    },
    async mutate(attempt) {
      let { object } = attempt;
      for (const webhook of webhooksFor(objects, "mutating", attempt)) {
        const answer = await askWebhook(objects, webhook, { ...attempt, object });
        if (answer !== undefined) object = applyAnswer(webhook, object, answer);
      }
      return object;
    },
    async validate(attempt) {
      const webhooks = webhooksFor(objects, "validating", attempt);
      await Promise.all(webhooks.map((webhook) => askWebhook(objects, webhook, attempt)));
    },
  };
}

/** The webhook's answer; undefined if it could not be asked and may be passed over. */
async function askWebhook(
  objects: StoredObjects,
  webhook: MutableObject,
  attempt: AdmissionAttempt,
): Promise<MutableObject | undefined> {
  refuseDryRun(webhook, attempt);
  const uid = randomUUID();
  let answer: MutableObject;
  try {
    answer = readReview(await post(objects, webhook, reviewOf(attempt, uid, webhook)), uid);
  } catch (error) {
    return unanswered(webhook, error);
  }
  requireAllowed(webhook, attempt, answer);
  return answer;
}

/** What the webhook answers to a review, as text. */
async function post(objects: StoredObjects, webhook: MutableObject, review: MutableObject): Promise<string> {
  const { url, ca, servername, timeoutMs } = webhookAddress(objects, webhook);
  const transport = createHttpsTransport({
    server: url.origin,
    userAgent: "kube-apiserver-admission",
    ...(ca !== undefined && { ca }),
    ...(servername !== undefined && { tlsServerName: servername }),
  });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await transport({
      method: "POST",
      path: `${url.pathname}${url.search}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(review),
      signal,
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.chunks()) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAXIMUM_ANSWER_BYTES) throw new Error("the webhook's answer is too large");
    }
    const text = Buffer.concat(chunks).toString("utf8");
    if (response.status === 200) return text;
    throw new Error(`the server answered ${response.status}: ${text.slice(0, 200)}`);
  } catch (error) {
    throw signal.aborted ? new Error(`Post "${url.href}": context deadline exceeded`) : error;
  } finally {
    transport.close();
  }
}
