import {
  validatingWebhookConfigurations,
  type ValidatingWebhookConfiguration,
} from "../kube/cluster-kinds.ts";
import { LABEL_MANAGED_BY, OPERATOR_NAME } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { encodeBase64, decodeBase64 } from "../kube/base64.ts";
import { secrets, type Secret } from "../kube/builtin.ts";
import type { KubeObject } from "../kube/objects.ts";
import { reviewAdmission } from "../plan/admission.ts";
import {
  createController,
  watchSource,
  type Controller,
  type ControllerObserver,
  type ReconcileContext,
} from "../runtime/controller.ts";
import type { BindAddress } from "../runtime/health.ts";
import type { Log } from "../runtime/log.ts";
import { createReflector, type Reflector } from "../client/cache/reflector.ts";
import type { Caches } from "./caches.ts";
import { gatherAdmission } from "./gather-admission.ts";
import { renewServingKeys, type CertificateLifetimes, type ServingKeys } from "./webhook-certificates.ts";
import { WEBHOOK_CONFIGURATION, WEBHOOK_HOST, WEBHOOK_SECRET } from "./webhook-names.ts";
import { listenWebhooks, type AdmissionRequest, type WebhookServer } from "./webhook-server.ts";

export interface WebhookOptions {
  client: Client;
  caches: Caches;
  /** Empty: the whole cluster is watched. */
  namespaces: readonly string[];
  /** The operator's own namespace. */
  namespace: string;
  address: BindAddress;
  lifetimes?: CertificateLifetimes;
  /** Milliseconds since the epoch. Default: the system's clock. */
  now?: () => number;
  /** Throws when this process must not write any more. */
  permit: () => void;
  log: Log;
  observe: (controller: string) => ControllerObserver;
}

export interface Webhooks {
  readonly port: number;
  /** Keeps the certificate and the configuration; to be started by the replica that leads. */
  readonly controller: Controller;
  close(): Promise<void>;
}

/** However long a certificate lasts: a timer cannot wait for months. */
const LONGEST_WAIT_MS = 12 * 60 * 60 * 1000;

/** An annotation of cert-manager's CA injector, which then writes the configuration. */
const INJECTED_BY_CERT_MANAGER = "cert-manager.io/inject-";

/** Serves the webhooks from now on, on every replica. Rejects if it cannot listen. */
export async function startWebhooks(options: WebhookOptions): Promise<Webhooks> {
  const { client, caches, namespaces, namespace, address, log } = options;
  const review = (request: AdmissionRequest): readonly string[] => {
    const observed = gatherAdmission(caches, namespaces, request);
    return observed === undefined ? [] : reviewAdmission(observed).warnings;
  };
  const server = await listenWebhooks(address, review, log);
  const keeper: Keeper = {
    ...options,
    secrets: createReflector({
      client,
      log,
      type: secrets,
      namespaces: [namespace],
      names: [WEBHOOK_SECRET],
    }),
    configurations: createReflector({
      client,
      log,
      type: validatingWebhookConfigurations,
      names: [WEBHOOK_CONFIGURATION],
    }),
  };
  keeper.secrets.onChange(({ new: secret }) => secret && useCertificate(server, secret, log));
  const watched = [keeper.secrets, keeper.configurations];
  for (const cache of watched) cache.start();
  return {
    port: server.port,
    controller: createController({
      name: "webhook",
      log,
      observer: options.observe("webhook"),
      concurrency: 1,
      reconcile: (_key, context) => keep(keeper, context),
      sources: watched.map((cache) => watchSource<KubeObject, KubeObject>(cache, () => ["webhook"])),
    }),
    close: async () => {
      await Promise.all(watched.map((cache) => cache.stop()));
      await server.close();
    },
  };
}

function useCertificate(server: WebhookServer, { data }: Secret, log: Log): void {
  const [cert, key] = [data?.["tls.crt"], data?.["tls.key"]].map((value) => value && decodeBase64(value));
  if (!cert || !key) return;
  try {
    server.useCertificate({ cert, key });
    log.info({ secret: WEBHOOK_SECRET }, "serving webhooks with the certificate of this Secret");
  } catch {
    // Not with its cause, which might quote the key.
    log.error(
      { secret: WEBHOOK_SECRET },
      "tls.crt and tls.key of this Secret are no certificate with its key",
    );
  }
}

interface Keeper extends WebhookOptions {
  secrets: Reflector<Secret, Secret>;
  configurations: Reflector<ValidatingWebhookConfiguration, ValidatingWebhookConfiguration>;
}

/**
 * Renews what is due, stores it, and only then tells API servers whom to trust. A Secret that somebody
 * else made is served and trusted as it is.
 */
async function keep(
  keeper: Keeper,
  context: ReconcileContext,
): Promise<{ requeue: "onChange" | { afterMs: number } }> {
  const configuration = keeper.configurations.get(WEBHOOK_CONFIGURATION);
  if (configuration === undefined || isInjectedElsewhere(configuration)) return { requeue: "onChange" };
  const { namespace, now = Date.now, lifetimes } = keeper;
  const secret = keeper.secrets.get(`${namespace}/${WEBHOOK_SECRET}`);
  const host = `${WEBHOOK_HOST}.${namespace}.svc`;
  const current = secret && keysOf(secret);
  if (secret && current && !isOurs(secret)) {
    if (current.authorities.length > 0)
      await inject(keeper, configuration, current.authorities.join(""), context);
    return { requeue: "onChange" };
  }
  const { keys, changed, dueInMs } = await renewServingKeys(current, [host], now(), lifetimes);
  if (changed) await store(keeper, secret, keys, context);
  await inject(keeper, configuration, keys.authorities.join(""), context);
  return { requeue: { afterMs: Math.min(dueInMs, LONGEST_WAIT_MS) } };
}

function isInjectedElsewhere({ metadata }: KubeObject): boolean {
  return Object.keys(metadata.annotations ?? {}).some((name) => name.startsWith(INJECTED_BY_CERT_MANAGER));
}

function isOurs({ metadata }: Secret): boolean {
  return metadata.labels?.[LABEL_MANAGED_BY] === OPERATOR_NAME;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

function keysOf({ data = {} }: Secret): ServingKeys {
  const text = (name: string): string => decodeBase64(data[name] ?? "");
  return {
    authorities: text("ca.crt").match(CERTIFICATE) ?? [],
    authorityKey: text("ca.key"),
    certificate: text("tls.crt"),
    key: text("tls.key"),
  };
}

/** A Conflict or AlreadyExists rejects: the reconcile then comes again, with what somebody else stored. */
async function store(
  { client, namespace, permit, secrets: cache, log }: Keeper,
  stored: Secret | undefined,
  keys: ServingKeys,
  { origin, signal }: ReconcileContext,
): Promise<void> {
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      ...stored?.metadata,
      name: WEBHOOK_SECRET,
      namespace,
      labels: { ...stored?.metadata.labels, [LABEL_MANAGED_BY]: OPERATOR_NAME },
    },
    type: stored?.type ?? "kubernetes.io/tls",
    data: {
      "ca.crt": encodeBase64(keys.authorities.join("")),
      "ca.key": encodeBase64(keys.authorityKey),
      "tls.crt": encodeBase64(keys.certificate),
      "tls.key": encodeBase64(keys.key),
    },
  };
  permit();
  const written =
    stored === undefined
      ? await client.create(secrets, secret, { signal })
      : await client.replace(secrets, secret, { signal });
  cache.put(written, origin);
  log.info({ secret: WEBHOOK_SECRET }, "stored a new certificate for webhooks");
}

async function inject(
  { client, permit, configurations }: Keeper,
  { metadata, webhooks = [] }: ValidatingWebhookConfiguration,
  authorities: string,
  { origin, signal }: ReconcileContext,
): Promise<void> {
  const caBundle = encodeBase64(authorities);
  if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return;
  permit();
  const { resourceVersion } = metadata;
  const injected = webhooks.map((each) => ({ ...each, clientConfig: { ...each.clientConfig, caBundle } }));
  const patch = { metadata: { resourceVersion }, webhooks: injected };
  const at = { name: WEBHOOK_CONFIGURATION };
  configurations.put(await client.patch(validatingWebhookConfigurations, at, patch, { signal }), origin);
}
