import { BlockList, isIP } from "node:net";

type Environment = Readonly<Record<string, string | undefined>>;

const SCHEMES = ["http:", "https:", "socks5:", "socks5h:"];

/**
 * The proxy that leads to `server`: the one that the kubeconfig names, else that of HTTPS_PROXY or HTTP_PROXY unless
 * NO_PROXY or a loopback address says otherwise. The rules are those of kubectl. Throws if its address cannot be used;
 * shows no password.
 */
export function chooseProxy(
  server: URL,
  named: string | undefined,
  environment: Environment,
): URL | undefined {
  if (named !== undefined) return parseProxy(named, "proxy-url");
  const variable = server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = lookUp(environment, variable);
  if (value === undefined || isLocal(hostOf(server))) return undefined;
  if (isExempt(server, lookUp(environment, "NO_PROXY") ?? "")) return undefined;
  // A bare host and port is a proxy over HTTP.
  return parseProxy(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`, variable);
}

function lookUp(environment: Environment, variable: string): string | undefined {
  return environment[variable] || environment[variable.toLowerCase()] || undefined;
}

function parseProxy(text: string, source: string): URL {
  const url = URL.parse(text);
  if (url === null || url.hostname === "") throw new Error(`${source} is no URL of a proxy`);
  if (SCHEMES.includes(url.protocol)) return url;
  throw new Error(`${source} begins with ${url.protocol}//; a proxy is http, https or socks5`);
}

function hostOf(server: URL): string {
  return server.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}

function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** NO_PROXY: names with what is below them, `.names` without themselves, addresses, networks; each with a port perhaps. */
function isExempt(server: URL, list: string): boolean {
  const host = hostOf(server);
  const port = server.port || (server.protocol === "https:" ? "443" : "80");
  const entries = list.toLowerCase().split(",");
  return entries.map((entry) => entry.trim()).some((entry) => isMeant(entry, host, port));
}

function isMeant(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isIP(host) !== 0 && isWithin(entry, host);
  const [, bracketed, name, wanted] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  // An IPv6 address without brackets has no port.
  const exempt = bracketed ?? name ?? entry;
  if (exempt === "" || (wanted !== undefined && wanted !== port)) return false;
  if (isIP(exempt) !== 0) return isIP(host) !== 0 && isWithin(`${exempt}/${widthOf(exempt)}`, host);
  const suffix = exempt.replace(/^\*\./, ".");
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isWithin(network: string, host: string): boolean {
  const [address = "", prefix = ""] = network.split("/");
  const isNetwork = isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= widthOf(address);
  if (!isNetwork) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), isIP(address) === 4 ? "ipv4" : "ipv6");
  return list.check(host, isIP(host) === 4 ? "ipv4" : "ipv6");
}

function widthOf(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}
