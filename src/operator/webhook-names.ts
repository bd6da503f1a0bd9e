/** Names of what webhooks are served with, as the manifests have them. */

/** ValidatingWebhookConfiguration. */
export const WEBHOOK_CONFIGURATION = "agent-operator";

/** Service, in the operator's namespace. */
export const WEBHOOK_HOST = "agent-operator-webhook";

/** Secret, in the operator's namespace. */
export const WEBHOOK_SECRET = "agent-operator-webhook-tls";

export const WEBHOOK_PATH = "/validate";
