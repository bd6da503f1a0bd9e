import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Transport } from "../../client/transport.ts";
import { createAuthorizer } from "./access/authorizer.ts";
import { administrator, type User } from "./access/user.ts";
import { builtinResources, builtinTypes } from "./kinds/builtin-resources.ts";
import { definitionResource } from "./kinds/definition-resource.ts";
import { reviewResources } from "./kinds/review-resources.ts";
import type { GoTypes } from "./kinds/types/notation.ts";
import { objectsOf } from "../../kube/json.ts";
import { buildKubeconfig } from "../kubeconfig.ts";
import { loadPki } from "../pki.ts";
import { keptPrivately, writePrivately } from "../private-file.ts";
import { createAdmission } from "./admission/webhooks.ts";
import { createTokens } from "./auth/tokens.ts";
import { bootstrap } from "./bootstrap.ts";
import type { ApiContext } from "./context.ts";
import { followDefinitions } from "./custom/definitions.ts";
import { expireEvents } from "./event-expiry.ts";
import { createHandler, type Handler } from "./handler.ts";
import { listenHttps, type HttpsServer } from "./http/listen.ts";
import { createOpenApi } from "./openapi.ts";
import type { OpenExec } from "./pod-session.ts";
import type { PodLogs } from "./pod-logs.ts";
import { createRegistry } from "./registry.ts";
import { parsedObjects } from "./storage/parsed.ts";
import { openStore } from "./storage/store.ts";
import { createTransport } from "./transport.ts";

/** How a server is made; all of it may be left out. */
export interface ApiServerOptions {
  /** Where state, keys and the kubeconfig are kept; without it everything is in memory. */
  dataDir?: string;
  now?: () => Date;
  podLogs?: PodLogs;
  openExec?: OpenExec;
  /** Whether new pods get the token of their service account; default: no, as on a cluster without nodes. */
  serviceAccounts?: boolean;
  /** CustomResourceDefinitions that a server has taken before: their schemas, which take long to judge, are known to be right. */
  knownDefinitions?: readonly object[];
  /** Told of errors that are this server's own; the client gets a 500. */
  onBug?: (error: unknown) => void;
}

/** Where a server listens. */
export interface ListenOptions {
  /** A loopback address; default 127.0.0.1. */
  host?: string;
  /** 0 (default) takes any free port. */
  port?: number;
}

/** How clients reach a server that listens. */
export interface Listening {
  /** `https://127.0.0.1:PORT` */
  url: string;
  /** The certificate authority, PEM. */
  ca: string;
  /** A kubeconfig (YAML) of a member of `system:masters`; the server also writes it to `dataDir/kubeconfig`, mode 0600. */
  adminKubeconfig: string;
  /** Path of the written kubeconfig, when there is a data dir. */
  kubeconfigPath?: string;
}

/** A running API server. */
export interface ApiServer {
  /** An in-process connection, as `user` (default: an administrator in `system:masters`). */
  transport(user?: User): Transport;
  listen(options?: ListenOptions): Promise<Listening>;
  /** Ends watches, closes connections, makes everything durable. */
  close(): Promise<void>;
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/** Starts an API server; it answers in-process at once and on a socket after `listen`. */
export async function createApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { dataDir, now = () => new Date() } = options;
  const store = await openStore(dataDir === undefined ? undefined : join(dataDir, "apiserver"));
  const types = builtinTypes();
  const definitions = definitionResource(types, objectsOf(options.knownDefinitions));
  const registry = createRegistry([...builtinResources(types), definitions, ...reviewResources()]);
  const objects = parsedObjects(store);
  const authorizer = createAuthorizer(objects);
  const context: ApiContext = {
    store,
    objects,
    registry,
    openApi: createOpenApi(registry, types),
    authorizer,
    admission: createAdmission(objects, authorizer, { serviceAccounts: options.serviceAccounts ?? false }),
    tokens: createTokens(await loadTokenKey(dataDir), objects, now),
    podLogs: options.podLogs,
    openExec: options.openExec,
    now,
  };
  await bootstrap(context);
  followDefinitions(context, types, definitions);
  const events = expireEvents(context);
  const handler = createHandler(context, options.onBug ?? (() => undefined));
  let server: HttpsServer | undefined;
  return {
    transport: (user = administrator) => createTransport(handler, user),
    async listen(listenOptions = {}) {
      if (server !== undefined) throw new Error("this API server listens already");
      const listening = await listen({ context, handler, types, dataDir }, listenOptions);
      server = listening.server;
      return listening.answer;
    },
    async close() {
      events.stop();
      await Promise.all([server?.close(), store.close()]);
    },
  };
}

interface Served {
  context: ApiContext;
  handler: Handler;
  types: GoTypes;
  dataDir: string | undefined;
}

async function listen(
  { context, handler, types, dataDir }: Served,
  { host = "127.0.0.1", port = 0 }: ListenOptions,
): Promise<{ server: HttpsServer; answer: Listening }> {
  if (!LOOPBACK.has(host)) {
    throw new Error(`the development cluster listens on loopback only, not on ${host}: use 127.0.0.1 or ::1`);
  }
  const pki = await loadPki(dataDir, context.now());
  const server = await listenHttps({ host, port, pki, handler, types, tokens: context.tokens });
  const url = `https://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  const { ca, adminCertificate: certificate, adminKey: key } = pki;
  const answer: Listening = { url, ca, adminKubeconfig: buildKubeconfig({ url, ca, certificate, key }) };
  if (dataDir !== undefined) {
    answer.kubeconfigPath = join(dataDir, "kubeconfig");
    await writePrivately(answer.kubeconfigPath, answer.adminKubeconfig);
  }
  return { server, answer };
}

/** The key that signs service account tokens: kept, so that tokens outlive a restart. */
async function loadTokenKey(dataDir: string | undefined): Promise<Buffer> {
  const read = (text: string) => Buffer.from(text, "base64");
  const make = async () => randomBytes(32).toString("base64");
  return keptPrivately(dataDir && join(dataDir, "token.key"), read, make);
}
