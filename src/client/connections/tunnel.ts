import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { getCACertificates } from "node:tls";

interface Target {
  hostname: string;
  port: number;
}

/** What says whether a proxy that speaks TLS itself is the right one. */
interface Trust {
  ca?: string;
  insecureSkipTlsVerify?: boolean;
}

/** Opens ways to a server through `proxy`: http, https or socks5. Rejects with an Error that names the proxy. */
export function throughProxy(proxy: URL, trust: Trust): (to: Target, limitMs: number) => Promise<Socket> {
  const title = `the proxy ${proxy.protocol}//${proxy.host}`;
  return async (to, limitMs) => {
    try {
      return await (proxy.protocol.startsWith("socks")
        ? throughSocks(proxy, to, limitMs)
        : throughHttp(proxy, trust, to, limitMs));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${title}: ${why}`, { cause: error });
    }
  };
}

async function throughHttp(proxy: URL, trust: Trust, to: Target, limitMs: number): Promise<Socket> {
  const authority = `${isIP(to.hostname) === 6 ? `[${to.hostname}]` : to.hostname}:${to.port}`;
  const authorization = basic(proxy);
  const options = {
    method: "CONNECT",
    host: bare(proxy.hostname),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    path: authority,
    headers: { host: authority, ...(authorization && { "proxy-authorization": authorization }) },
    signal: AbortSignal.timeout(limitMs),
    agent: false as const,
  };
  const sent =
    proxy.protocol === "https:" ? httpsRequest({ ...options, ...tlsOf(trust) }) : httpRequest(options);
  sent.end();
  const [answer, socket] = (await once(sent, "connect")) as [IncomingMessage, Socket];
  if (answer.statusCode === 200) return socket;
  socket.destroy();
  throw new Error(`it answered ${answer.statusCode} ${answer.statusMessage ?? ""} to CONNECT ${authority}`);
}

function tlsOf({ ca, insecureSkipTlsVerify }: Trust) {
  return {
    // A proxy may have a public certificate, or one of the cluster's own authority.
    ca: [...getCACertificates("default"), ...(ca === undefined ? [] : [ca])],
    rejectUnauthorized: insecureSkipTlsVerify !== true,
  };
}

async function throughSocks(proxy: URL, to: Target, limitMs: number): Promise<Socket> {
  const { connectThroughSocks } = await import("./socks.ts");
  return connectThroughSocks({
    proxy: { hostname: bare(proxy.hostname), port: Number(proxy.port || 1080) },
    user: proxy.username === "" ? undefined : decodeURIComponent(proxy.username),
    password: decodeURIComponent(proxy.password),
    to,
    limitMs,
  });
}

function basic(proxy: URL): string | undefined {
  if (proxy.username === "" && proxy.password === "") return undefined;
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
