import { resolve } from "node:path";
import { rotatingToken } from "./in-cluster.ts";
import { execAuthority } from "./kubeconfig/exec-credential.ts";
import { isFields, textOf, textsOf, type Entry, type Fields } from "./kubeconfig/fields.ts";
import { dataOrFile, entryNamed, namesOf, readKubeconfig } from "./kubeconfig/files.ts";
import { impersonationHeaders, type Impersonation } from "./kubeconfig/impersonation.ts";
import { chooseProxy } from "./kubeconfig/proxy-choice.ts";
import { createHttpsTransport } from "./transport-https.ts";
import type { Certificate, ClosableTransport, HttpsTransportOptions } from "./transport-https.ts";

const TOKEN_REREAD_MS = 10_000;

export interface KubeconfigSource {
  /** Files, in kubectl's order. */
  paths: readonly string[];
  /** Instead of the current context. */
  context?: string;
  /** Instead of what the user's entry says of impersonation. */
  as?: Impersonation;
  /** For the programs that users log in with, and for proxies; default: empty. */
  environment?: Readonly<Record<string, string | undefined>>;
}

/** A loaded kubeconfig: how to reach the server, and what the chosen context says besides. */
export interface LoadedKubeconfig {
  options: HttpsTransportOptions;
  context: string;
  /** The context's namespace, else `default`. */
  namespace: string;
}

/**
 * Loads `paths` as kubectl does and follows one context. Certificates and tokens are read here; a program that the
 * user logs in with runs at the first request. Rejects with an Error that names the file and the entry.
 */
export async function loadKubeconfig(from: KubeconfigSource): Promise<LoadedKubeconfig> {
  const config = await readKubeconfig(from.paths);
  const chosen = from.context ?? config.currentContext;
  if (chosen === undefined || chosen === "")
    throw new Error(
      `${config.files.join(", ")}: no current-context; choose one of: ${namesOf(config, "contexts")}`,
    );
  const context = entryNamed(config, "contexts", chosen);
  const part = (field: string): string | undefined => textOf(context.fields, field, context.title);
  const cluster = entryNamed(config, "clusters", part("cluster") ?? "");
  const userName = part("user");
  const nobody: Entry = { name: "", title: "kubeconfig: no user", fields: {}, directory: "" };
  const user = userName === undefined ? nobody : entryNamed(config, "users", userName);
  return {
    options: await optionsOf(cluster, user, from),
    context: chosen,
    namespace: part("namespace") ?? "default",
  };
}

/** `loadKubeconfig` and a transport for it in one step. */
export async function kubeconfigTransport(
  from: KubeconfigSource & { userAgent?: string },
): Promise<{ transport: ClosableTransport; context: string; namespace: string; server: string }> {
  const { options, context, namespace } = await loadKubeconfig(from);
  const agent = from.userAgent === undefined ? {} : { userAgent: from.userAgent };
  const transport = createHttpsTransport({ ...options, ...agent });
  return { transport, context, namespace, server: options.server };
}

async function optionsOf(
  cluster: Entry,
  user: Entry,
  { as, environment = {} }: KubeconfigSource,
): Promise<HttpsTransportOptions> {
  const part = (field: string): string | undefined => textOf(cluster.fields, field, cluster.title);
  const server = part("server");
  if (server === undefined) throw new Error(`${cluster.title} has no server`);
  const url = URL.parse(server);
  const proxy = url === null ? undefined : chooseProxy(url, part("proxy-url"), environment);
  const ca = await dataOrFile(cluster, "certificate-authority");
  const tlsServerName = part("tls-server-name");
  const headers = impersonationHeaders(as ?? impersonationOf(user), user.title);
  const common: HttpsTransportOptions = {
    server,
    ...(ca !== undefined && { ca }),
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...(cluster.fields["insecure-skip-tls-verify"] === true && { insecureSkipTlsVerify: true }),
    ...(proxy !== undefined && { proxy }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
  // As with kubectl, what proves who the user is goes over TLS alone.
  if (url?.protocol === "http:") return common;
  const certificate = await certificateOf(user);
  const authority = await authorityOf(user, certificate, infoOf(cluster.fields, ca), environment);
  return { ...common, ...(certificate && { certificate }), ...(authority && { authority }) };
}

async function certificateOf(user: Entry): Promise<Certificate | undefined> {
  const cert = await dataOrFile(user, "client-certificate");
  const key = await dataOrFile(user, "client-key");
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new Error(`${user.title} needs both client-certificate and client-key`);
  return { cert, key };
}

/** kubectl's order: a token file, a token, user name and password; a program only if there is no other proof. */
async function authorityOf(
  user: Entry,
  certificate: Certificate | undefined,
  cluster: Fields,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<HttpsTransportOptions["authority"]> {
  refuseAuthProvider(user);
  const fixed = fixedAuthorization(user);
  const tokenFile = textOf(user.fields, "tokenFile", user.title);
  if (tokenFile !== undefined) {
    const token = rotatingToken(resolve(user.directory, tokenFile), TOKEN_REREAD_MS, fixed);
    await token();
    return token;
  }
  if (fixed !== undefined) {
    const authority = { headers: { authorization: fixed } };
    return () => authority;
  }
  const { exec } = user.fields;
  if (!isFields(exec) || certificate !== undefined) return undefined;
  return execAuthority(user, exec, cluster, environment);
}

function fixedAuthorization({ fields, title }: Entry): string | undefined {
  const token = textOf(fields, "token", title);
  const username = textOf(fields, "username", title);
  const password = textOf(fields, "password", title);
  if (username === undefined && password === undefined)
    return token === undefined ? undefined : `Bearer ${token}`;
  if (token !== undefined) throw new Error(`${title} has a token and a username; only one of them can be`);
  return `Basic ${Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64")}`;
}

function refuseAuthProvider({ fields, title }: Entry): void {
  const provider = fields["auth-provider"];
  if (!isFields(provider)) return;
  const name = textOf(provider, "name", `${title}: auth-provider`) ?? "";
  throw new Error(
    `${title} logs in by the auth-provider "${name}", which is not supported; use a credential plugin (exec), such as gke-gcloud-auth-plugin for GKE, kubelogin for AKS and kubectl-oidc_login for OIDC`,
  );
}

function impersonationOf({ fields, title }: Entry): Impersonation {
  const extra = fields["as-user-extra"] ?? {};
  if (!isFields(extra)) throw new Error(`${title}: as-user-extra is no mapping`);
  const user = textOf(fields, "as", title);
  const uid = textOf(fields, "as-uid", title);
  return {
    ...(user !== undefined && { user }),
    ...(uid !== undefined && { uid }),
    groups: textsOf(fields, "as-groups", title),
    extra: Object.fromEntries(Object.keys(extra).map((key) => [key, textsOf(extra, key, title)])),
  };
}

/** What a program learns of the cluster if it asks for it: the kubeconfig's own words, but the authority as data. */
function infoOf(cluster: Fields, ca: string | undefined): Fields {
  const names = ["server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression"];
  const said = names.filter((name) => cluster[name] !== undefined).map((name) => [name, cluster[name]]);
  const extensions = Array.isArray(cluster["extensions"]) ? cluster["extensions"] : [];
  const config: unknown = extensions.find(
    (each: unknown) => isFields(each) && each["name"] === "client.authentication.k8s.io/exec",
  )?.extension;
  return {
    ...Object.fromEntries(said),
    ...(ca !== undefined && { "certificate-authority-data": Buffer.from(ca).toString("base64") }),
    ...(config !== undefined && { config }),
  };
}
