import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";

/** A server that speaks MCP over HTTP on loopback, with one tool that says hello. */
export interface McpServer {
  readonly url: string;
  /** Of every request, oldest first. */
  readonly headers: readonly IncomingHttpHeaders[];
  close(): Promise<void>;
}

interface Message {
  id?: number | string;
  method?: string;
  params?: { protocolVersion?: string };
}

export async function startMcpServer(): Promise<McpServer> {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    headers.push(request.headers);
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = JSON.parse(await text(request)) as Message;
    if (message.id === undefined) return void response.writeHead(202).end();
    const answer = { jsonrpc: "2.0", id: message.id, result: resultOf(message) };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    headers,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function resultOf({ method, params }: Message): object {
  if (method === "initialize") {
    const { protocolVersion = "2025-03-26" } = params ?? {};
    return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "greeter", version: "1" } };
  }
  if (method === "tools/list") {
    const inputSchema = { type: "object", properties: {} };
    return { tools: [{ name: "hello", description: "Says hello", inputSchema }] };
  }
  if (method === "tools/call") return { content: [{ type: "text", text: "hello from the server" }] };
  return {};
}

/** The same over standard streams: a program that answers with the value of its variable GREETING. */
export const STDIO_MCP_SERVER = `
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "local", version: "1" } },
    "tools/list": { tools: [{ name: "greet", description: "Greets", inputSchema: { type: "object", properties: {} } }] },
    "tools/call": { content: [{ type: "text", text: "greeting: " + process.env.GREETING } ] },
  };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, result: results[method] ?? {} }));
});
`;
