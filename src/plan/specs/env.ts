import type { EnvVar } from "../../kube/builtin.ts";
import type { ScriptValues } from "./script-variables.ts";

/** The lists as one, by name: a later list replaces a value where the name first stood, so the order is stable. */
export function mergeEnv(...lists: readonly (readonly EnvVar[])[]): EnvVar[] {
  const merged = new Map<string, EnvVar>();
  for (const list of lists) for (const variable of list) merged.set(variable.name, variable);
  return [...merged.values()];
}

/** Text as the operator means it: the kubelet expands `$(X)` and halves `$$`, so every `$` is doubled. */
export function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** Literal variables; empty and absent values are left out. */
export function literalEnv(values: Readonly<Record<string, string | undefined>>): EnvVar[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [{ name, value: literal(value) }],
  );
}

/** Values of the contract with the scripts, as literal variables. */
export function scriptEnv(values: ScriptValues): EnvVar[] {
  return literalEnv(values);
}

/** Variables through which a network is reached: proxies and certificates, as curl, git and Node read them. */
const NETWORK_NAMES: ReadonlySet<string> = new Set([
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "CURL_CA_BUNDLE",
  "NODE_EXTRA_CA_CERTS",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "CARGO_HTTP_CAINFO",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "GIT_SSL_NO_VERIFY",
]);

/** How a private authority is trusted; a repository's own CA bundle takes its place. */
const AUTHORITY_NAMES: ReadonlySet<string> = new Set([
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "GIT_SSL_NO_VERIFY",
]);

/**
 * The proxy and certificate variables, and nothing else of the user's: what their values refer to by `$(NAME)` comes
 * under a name that no program knows.
 */
export function networkEnv(env: readonly EnvVar[], { caBundle }: { caBundle?: unknown } = {}): EnvVar[] {
  const isWanted = (name: string): boolean =>
    NETWORK_NAMES.has(name) && !(caBundle !== undefined && AUTHORITY_NAMES.has(name));
  const wanted = new Set(env.map(({ name }) => name).filter(isWanted));
  // From last to first: a value can refer only to variables before it.
  for (const { name, value } of env.toReversed()) {
    if (!wanted.has(name)) continue;
    for (const [, referred] of (value ?? "").matchAll(REFERENCE)) {
      if (referred !== undefined) wanted.add(referred);
    }
  }
  const known = new Set<string>();
  return env.flatMap((variable) => {
    if (!wanted.has(variable.name)) return [];
    const { value } = variable;
    const rewritten =
      value === undefined
        ? variable
        : {
            ...variable,
            value: value.replaceAll(REFERENCE, (whole, name?: string) =>
              name !== undefined && known.has(name) ? `$(${neutral(name)})` : whole,
            ),
          };
    known.add(variable.name);
    return [{ ...rewritten, name: neutral(variable.name) }];
  });
}

/** What the kubelet reads in a value: `$$` first, which is no reference. */
const REFERENCE = /\$\$|\$\(([^)]+)\)/g;

function neutral(name: string): string {
  return NETWORK_NAMES.has(name) ? name : `AGENT_NETWORK_${name}`;
}
