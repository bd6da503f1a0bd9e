import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { isatty } from "node:tty";
import type { Authority } from "../transport-https.ts";
import { isFields, textOf, textsOf, type Entry, type Fields } from "./fields.ts";

const GROUP = "client.authentication.k8s.io";
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`];
const MODES = ["Never", "IfAvailable", "Always"] as const;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const STANDARD_INPUT = 0;

type Environment = Readonly<Record<string, string | undefined>>;

/** A program that a kubeconfig names to log in with. */
interface Plugin {
  title: string;
  apiVersion: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  interactiveMode: (typeof MODES)[number];
  installHint: string | undefined;
  /** What the plugin learns of the cluster; undefined if it asks for nothing. */
  cluster: Fields | undefined;
}

interface Credential {
  authority: Authority;
  /** In milliseconds since 1970; undefined: it does not expire. */
  expiresAt: number | undefined;
}

/**
 * An authority whose credential comes from the plugin of `user`. The plugin runs at the first request, once for
 * requests that start together, and again when its credential has expired or was refused. Throws if the kubeconfig
 * does not say what kubectl needs to know too.
 */
export function execAuthority(
  user: Entry,
  exec: Fields,
  cluster: Fields,
  environment: Environment,
): (refused?: Authority) => Promise<Authority> {
  const plugin = pluginOf(user, exec, cluster);
  let current: Credential | undefined;
  let asking: Promise<Credential> | undefined;
  return async (refused) => {
    const isExpired = current?.expiresAt !== undefined && Date.now() > current.expiresAt;
    if (current === undefined || isExpired || current.authority === refused) {
      asking ??= askPlugin(plugin, environment).finally(() => (asking = undefined));
      current = await asking;
    }
    return current.authority;
  };
}

function pluginOf(user: Entry, exec: Fields, cluster: Fields): Plugin {
  const title = `${user.title}: exec`;
  const apiVersion = textOf(exec, "apiVersion", title) ?? "";
  if (!VERSIONS.includes(apiVersion))
    throw new Error(`${title}: apiVersion "${apiVersion}" is not supported; there is ${VERSIONS.join(", ")}`);
  const command = textOf(exec, "command", title);
  if (command === undefined) throw new Error(`${title}: command is missing`);
  const mode =
    textOf(exec, "interactiveMode", title) ?? (apiVersion === VERSIONS[1] ? "IfAvailable" : undefined);
  const interactiveMode = MODES.find((each) => each === mode);
  if (interactiveMode === undefined)
    throw new Error(`${title}: interactiveMode is ${mode ?? "missing"}; expected ${MODES.join(", ")}`);
  return {
    title,
    apiVersion,
    // Only a path is the kubeconfig's; a name is looked for on PATH.
    command: command.includes("/") ? resolve(user.directory, command) : command,
    args: textsOf(exec, "args", title),
    env: variablesOf(exec, title),
    interactiveMode,
    installHint: textOf(exec, "installHint", title),
    cluster: exec["provideClusterInfo"] === true ? cluster : undefined,
  };
}

function variablesOf(exec: Fields, title: string): Record<string, string> {
  const list = exec["env"] ?? [];
  if (!Array.isArray(list)) throw new Error(`${title}: env is no list`);
  const pairs = list.map((each: unknown): [string, string] => {
    const name = isFields(each) ? textOf(each, "name", `${title}: env`) : undefined;
    if (!isFields(each) || name === undefined) throw new Error(`${title}: a variable of env has no name`);
    return [name, textOf(each, "value", `${title}: ${name}`) ?? ""];
  });
  return Object.fromEntries(pairs);
}

async function askPlugin(plugin: Plugin, environment: Environment): Promise<Credential> {
  const interactive = plugin.interactiveMode !== "Never" && isatty(STANDARD_INPUT);
  if (plugin.interactiveMode === "Always" && !interactive)
    throw new Error(
      `${plugin.title}: ${plugin.command} asks questions, and standard input is not a terminal`,
    );
  const { apiVersion, cluster } = plugin;
  const spec = { ...(cluster !== undefined && { cluster }), interactive };
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec });
  const env = { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: info };
  return credentialIn(await outputOf(plugin, env, interactive), plugin);
}

/** What the plugin prints. What it says on standard error is for the user. */
async function outputOf(plugin: Plugin, env: Environment, interactive: boolean): Promise<string> {
  const { command, title } = plugin;
  const child = spawn(command, plugin.args, {
    env: { ...env },
    stdio: [interactive ? "inherit" : "ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close").catch((error: unknown) => {
    if (!isMissing(error)) throw new Error(`${title}: ${String(error)}`, { cause: error });
    const hint = plugin.installHint === undefined ? "" : `\n\n${printable(plugin.installHint)}`;
    throw new Error(`${title}: the program ${command} was not found; install it${hint}`);
  });
  // Its failure is found below, after what was read.
  ended.catch(() => undefined);
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of child.stdout as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_OUTPUT_BYTES) {
      child.kill();
      throw new Error(`${title}: ${command} printed more than ${MAX_OUTPUT_BYTES} bytes`);
    }
    parts.push(part);
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  if (code !== 0)
    throw new Error(`${title}: ${command} failed with ${signal ?? `exit code ${code}`}; log in again?`);
  return Buffer.concat(parts).toString("utf8");
}

/** Throws without a cause: what cannot be read may hold the secret. */
function credentialIn(output: string, { title, command, apiVersion }: Plugin): Credential {
  const printed = parseOutput(output);
  if (printed?.["kind"] !== "ExecCredential")
    throw new Error(`${title}: ${command} printed no ExecCredential in JSON`);
  if (printed["apiVersion"] !== apiVersion)
    throw new Error(
      `${title}: apiVersion is ${apiVersion}, and ${command} printed a credential of another one`,
    );
  const status = isFields(printed["status"]) ? printed["status"] : {};
  const said = `${title}: what ${command} printed`;
  const token = textOf(status, "token", said);
  const cert = textOf(status, "clientCertificateData", said);
  const key = textOf(status, "clientKeyData", said);
  if ((cert === undefined) !== (key === undefined))
    throw new Error(`${title}: ${command} printed a certificate without its key, or a key alone`);
  if (token === undefined && cert === undefined)
    throw new Error(`${title}: ${command} printed neither a token nor a certificate`);
  const expires = textOf(status, "expirationTimestamp", said);
  if (expires !== undefined && Number.isNaN(Date.parse(expires)))
    throw new Error(`${title}: ${command} printed an expirationTimestamp that is no time`);
  return {
    authority: {
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      ...(cert !== undefined && key !== undefined && { certificate: { cert, key } }),
    },
    expiresAt: expires === undefined ? undefined : Date.parse(expires),
  };
}

function parseOutput(output: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(output);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Without what could change the state of a terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\t\n]/gu, "");
}
