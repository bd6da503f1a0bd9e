import { createSecureContext } from "node:tls";
import { ConnectionLostError } from "./connections/connections.ts";
import type { Connections, Endpoint, RequestHeaders } from "./connections/connections.ts";
import { createHttp1Connections, createPlainPool } from "./connections/http1.ts";
import { SecureConnections } from "./connections/secure.ts";
import { throughProxy } from "./connections/tunnel.ts";
import type { HttpRequest, HttpResponse, Transport } from "./transport.ts";

const UNAUTHORIZED = 401;

/** What proves who we are, asked for before every request so that it can rotate. */
export interface Authority {
  headers?: Record<string, string>;
  /** A client certificate that belongs to this request, PEM. */
  certificate?: Certificate;
}

export interface Certificate {
  cert: string;
  key: string;
}

export interface HttpsTransportOptions {
  /** `https://host:port`, optionally with a path prefix; `http://` for a local proxy. */
  server: string;
  /** PEM of the authorities that may have signed the server's certificate; default: the system's. */
  ca?: string;
  certificate?: Certificate;
  insecureSkipTlsVerify?: boolean;
  tlsServerName?: string;
  /** The proxy on the way: http, https or socks5, with its user and password. */
  proxy?: URL;
  /** Sent with every request. */
  headers?: RequestHeaders;
  /**
   * Called for each request; its headers win over the request's own. Called with what it gave if the server answered
   * 401 to that; if it then gives something else, the request is sent once more.
   */
  authority?: (refused?: Authority) => Authority | Promise<Authority>;
  userAgent?: string;
  /** Open connections at most if the server speaks HTTP/1.1 only; more requests wait for a free one. */
  maxSockets?: number;
  /** No answer, or no further byte of a body read as text, for so long: the request has failed. */
  requestTimeoutMs?: number;
  /** A connection that has carried nothing for so long is closed. */
  idleTimeoutMs?: number;
}

export interface ClosableTransport extends Transport {
  /** Closes every connection; requests under way fail. */
  close(): void;
}

/**
 * A transport over connections that are kept and reused: few of HTTP/2 if the server speaks it, as API servers do,
 * else many of HTTP/1.1. Rejects with the socket's or TLS's own error if no answer came. A request that the server
 * did not begin with, and a GET that met a connection which had just ended, is sent once more.
 */
export function createHttpsTransport(options: HttpsTransportOptions): ClosableTransport {
  const { secure, ...endpoint } = endpointOf(options);
  const identities = createIdentities(options, endpoint, secure);
  const sendAs = async (authority: Authority, request: HttpRequest): Promise<HttpResponse> => {
    const connections = identities.for(authority.certificate);
    const headers = {
      "user-agent": options.userAgent ?? "agent-operator",
      ...request.headers,
      ...options.headers,
      ...authority.headers,
    };
    try {
      return await connections.exchange(request, headers);
    } catch (error) {
      if (!isWorthAnother(request, error)) throw asItCame(error);
    }
    return connections.exchange(request, headers).catch((error: unknown) => {
      throw asItCame(error);
    });
  };
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    if (options.authority === undefined) return sendAs({}, request);
    const authority = await options.authority();
    const response = await sendAs(authority, request);
    if (response.status !== UNAUTHORIZED) return response;
    const renewed = await options.authority(authority);
    if (renewed === authority) return response;
    await response.bytes();
    return sendAs(renewed, request);
  };
  return Object.assign(send, { close: identities.close });
}

function isWorthAnother(request: HttpRequest, error: unknown): boolean {
  return error instanceof ConnectionLostError && (request.method === "GET" || !error.mayHaveRun);
}

function asItCame(error: unknown): unknown {
  return error instanceof ConnectionLostError ? error.cause : error;
}

function endpointOf(options: HttpsTransportOptions): Endpoint & { secure: boolean } {
  const url = URL.parse(options.server);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new Error(
      `API server address "${options.server}" is no https:// or http:// URL; correct it in the kubeconfig`,
    );
  const secure = url.protocol === "https:";
  return {
    secure,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    prefix: url.pathname.replace(/\/$/, ""),
    timeoutMs: options.requestTimeoutMs ?? 60_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 5_000,
    ...(options.proxy !== undefined && { tunnel: throughProxy(options.proxy, options) }),
  };
}

/** Connections of the options' own identity, and of the certificate that requests bring, whichever is the newest. */
function createIdentities(options: HttpsTransportOptions, endpoint: Endpoint, secure: boolean) {
  const create = (certificate: Certificate | undefined): Connections => {
    const maxSockets = options.maxSockets ?? 256;
    if (!secure) return createHttp1Connections(endpoint, createPlainPool(endpoint, maxSockets), false);
    const { ca, tlsServerName, insecureSkipTlsVerify } = options;
    const tls = {
      secureContext: createSecureContext({ ...(ca !== undefined && { ca }), ...certificate }),
      ...(tlsServerName !== undefined && { servername: tlsServerName }),
      rejectUnauthorized: insecureSkipTlsVerify !== true,
    };
    return new SecureConnections(endpoint, tls, maxSockets);
  };
  const own = create(options.certificate);
  let rotating: (Certificate & { connections: Connections }) | undefined;
  return {
    for(certificate: Certificate | undefined): Connections {
      if (certificate === undefined) return own;
      const { cert, key } = certificate;
      if (rotating?.cert !== cert || rotating.key !== key) {
        // Requests under way keep their connection; only idle ones go with the old certificate.
        rotating?.connections.retire();
        rotating = { cert, key, connections: create(certificate) };
      }
      return rotating.connections;
    },
    close(): void {
      own.close();
      rotating?.connections.close();
    },
  };
}
