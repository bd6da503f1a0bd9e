import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { AS_GO_READS } from "../kube/yaml.ts";
import { rotatingToken } from "./in-cluster.ts";
import { libraryAuthority } from "./kubeconfig-library.ts";
import { createHttpsTransport } from "./transport-https.ts";
import type { ClosableTransport, HttpsTransportOptions } from "./transport-https.ts";

/** A loaded kubeconfig: how to reach the server, and what the chosen context says besides. */
export interface LoadedKubeconfig {
  options: HttpsTransportOptions;
  context: string;
  /** The context's namespace, else `default`. */
  namespace: string;
}

type Fields = Record<string, unknown>;

/** One named entry, with the folder that its relative paths start from. */
interface Entry {
  name: string;
  fields: Fields;
  directory: string;
}

interface Merged {
  files: string[];
  currentContext: string | undefined;
  clusters: Map<string, Entry>;
  users: Map<string, Entry>;
  contexts: Map<string, Entry>;
}

/**
 * Loads `paths` as kubectl does (the first file that names something wins; missing files are
 * skipped as long as one exists) and follows one context. Certificates and tokens are read here;
 * exec plugins, auth providers and proxies go through @kubernetes/client-node, loaded only then.
 * Rejects with an Error that names the file and the entry.
 */
export async function loadKubeconfig(from: { paths: string[]; context?: string }): Promise<LoadedKubeconfig> {
  const merged = await readAll(from.paths);
  const chosen = from.context ?? merged.currentContext;
  if (chosen === undefined || chosen === "")
    throw new Error(
      `${merged.files.join(", ")}: no current-context; choose one of: ${names(merged.contexts)}`,
    );
  const context = entryOf(merged, "contexts", chosen);
  const cluster = entryOf(merged, "clusters", text(context.fields, "cluster") ?? "");
  const userName = text(context.fields, "user") ?? "";
  const user: Entry =
    userName === ""
      ? { name: "", fields: {}, directory: cluster.directory }
      : entryOf(merged, "users", userName);
  return {
    options: await optionsOf(cluster, user),
    context: chosen,
    namespace: text(context.fields, "namespace") ?? "default",
  };
}

/** `loadKubeconfig` and a transport for it in one step. */
export async function kubeconfigTransport(from: {
  paths: string[];
  context?: string;
  userAgent?: string;
}): Promise<{ transport: ClosableTransport; context: string; namespace: string; server: string }> {
  const { options, context, namespace } = await loadKubeconfig(from);
  const agent = from.userAgent === undefined ? {} : { userAgent: from.userAgent };
  const transport = createHttpsTransport({ ...options, ...agent });
  return { transport, context, namespace, server: options.server };
}

async function readAll(paths: string[]): Promise<Merged> {
  const merged: Merged = {
    files: [],
    currentContext: undefined,
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
  };
  for (const path of paths) {
    const content = await readIfPresent(path);
    if (content !== undefined) mergeFile(merged, path, content);
  }
  if (merged.files.length === 0)
    throw new Error(`no kubeconfig at ${paths.join(", ")}; set KUBECONFIG to one`);
  return merged;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`cannot read kubeconfig ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function mergeFile(merged: Merged, path: string, content: string): void {
  const file = parseFile(path, content);
  merged.files.push(path);
  const current = text(file, "current-context");
  if (current !== undefined && current !== "") merged.currentContext ??= current;
  for (const [list, inner] of [
    ["clusters", "cluster"],
    ["users", "user"],
    ["contexts", "context"],
  ] as const) {
    const entries = file[list] ?? [];
    if (!Array.isArray(entries)) throw new Error(`kubeconfig ${path}: ${list} is no list`);
    for (const entry of entries) {
      const name = isFields(entry) ? text(entry, "name") : undefined;
      if (name === undefined) throw new Error(`kubeconfig ${path}: an entry of ${list} has no name`);
      const fields = isFields(entry) && isFields(entry[inner]) ? entry[inner] : {};
      if (!merged[list].has(name)) merged[list].set(name, { name, fields, directory: dirname(path) });
    }
  }
}

function parseFile(path: string, content: string): Fields {
  const document = parseDocument(content, AS_GO_READS);
  const [problem] = document.errors;
  if (problem !== undefined) {
    // Only its code and place: the parser's message quotes the line, and lines here hold keys and tokens.
    const line = problem.linePos?.[0].line;
    const at = line === undefined ? "" : ` at line ${line}`;
    throw new Error(`kubeconfig ${path} is no valid YAML${at} (${problem.code})`);
  }
  const file: unknown = document.toJS();
  if (!isFields(file)) throw new Error(`kubeconfig ${path} is empty or no mapping`);
  return file;
}

function entryOf(merged: Merged, list: "clusters" | "users" | "contexts", name: string): Entry {
  const entry = merged[list].get(name);
  if (entry !== undefined) return entry;
  throw new Error(
    `${merged.files.join(", ")}: ${list} has no entry "${name}"; there is: ${names(merged[list]) || "none"}`,
  );
}

function names(entries: Map<string, Entry>): string {
  return [...entries.keys()].join(", ");
}

async function optionsOf(cluster: Entry, user: Entry): Promise<HttpsTransportOptions> {
  const server = text(cluster.fields, "server");
  if (server === undefined || server === "")
    throw new Error(`kubeconfig: cluster "${cluster.name}" has no server`);
  const ca = await dataOrFile(cluster, "certificate-authority");
  const tlsServerName = text(cluster.fields, "tls-server-name");
  const common: HttpsTransportOptions = {
    server,
    ...(ca !== undefined && { ca }),
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...(cluster.fields["insecure-skip-tls-verify"] === true && { insecureSkipTlsVerify: true }),
  };
  if (needsLibrary(cluster.fields, user.fields)) {
    const entries = [cluster, user].map(withAbsolutePaths);
    return {
      ...common,
      authority: await libraryAuthority(entries[0]?.fields ?? {}, user.name, entries[1]?.fields ?? {}),
    };
  }
  const certificate = await certificateOf(user);
  const authority = await authorityOf(user);
  return { ...common, ...(certificate && { certificate }), ...(authority && { authority }) };
}

function needsLibrary(cluster: Fields, user: Fields): boolean {
  return (
    isFields(user["exec"]) || isFields(user["auth-provider"]) || (text(cluster, "proxy-url") ?? "") !== ""
  );
}

function withAbsolutePaths(entry: Entry): Entry {
  const fields = { ...entry.fields };
  for (const field of ["certificate-authority", "client-certificate", "client-key", "tokenFile"]) {
    const path = text(fields, field);
    if (path !== undefined) fields[field] = resolve(entry.directory, path);
  }
  return { ...entry, fields };
}

async function certificateOf(user: Entry): Promise<{ cert: string; key: string } | undefined> {
  const cert = await dataOrFile(user, "client-certificate");
  const key = await dataOrFile(user, "client-key");
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new Error(`kubeconfig: user "${user.name}" needs both client-certificate and client-key`);
  return { cert, key };
}

/** kubectl's order: a token file wins over a token, and both over user name and password. */
async function authorityOf(user: Entry): Promise<HttpsTransportOptions["authority"]> {
  const impersonation = impersonationHeaders(user.fields);
  const tokenFile = text(user.fields, "tokenFile");
  if (tokenFile !== undefined) {
    const token = rotatingToken(resolve(user.directory, tokenFile), 10_000);
    await token();
    return async () => ({ headers: { ...(await token()).headers, ...impersonation } });
  }
  const authorization = fixedAuthorization(user.fields);
  if (authorization === undefined && Object.keys(impersonation).length === 0) return undefined;
  const headers = { ...(authorization !== undefined && { authorization }), ...impersonation };
  return () => ({ headers });
}

function fixedAuthorization(user: Fields): string | undefined {
  const token = text(user, "token");
  if (token !== undefined) return `Bearer ${token}`;
  const username = text(user, "username");
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${text(user, "password") ?? ""}`).toString("base64")}`;
}

function impersonationHeaders(user: Fields): Record<string, string> {
  const as = text(user, "as");
  if (as === undefined) return {};
  const uid = text(user, "as-uid");
  if (user["as-groups"] !== undefined || user["as-user-extra"] !== undefined)
    throw new Error(
      'kubeconfig: "as-groups" and "as-user-extra" are not supported; impersonate with "as" alone',
    );
  return { "impersonate-user": as, ...(uid !== undefined && { "impersonate-uid": uid }) };
}

async function dataOrFile(entry: Entry, field: string): Promise<string | undefined> {
  const data = text(entry.fields, `${field}-data`);
  if (data !== undefined && data !== "") return Buffer.from(data, "base64").toString("utf8");
  const path = text(entry.fields, field);
  if (path === undefined || path === "") return undefined;
  try {
    return await readFile(resolve(entry.directory, path), "utf8");
  } catch (error) {
    throw new Error(`kubeconfig: cannot read ${field} of "${entry.name}": ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(fields: Fields, field: string): string | undefined {
  const value = fields[field];
  return typeof value === "string" ? value : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
